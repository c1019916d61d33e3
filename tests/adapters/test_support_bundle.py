"""The archive for support: what is in it, and that nothing of what was said or of who said it is."""

import asyncio
import json
import stat
import tarfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from appliance.adapters.machine_checks import Finding
from appliance.adapters.outbox import Outbox
from appliance.adapters.support_bundle import harmless, harmless_line, write_bundle
from appliance.events import Utterance

from .outbox_drafts import draft

CANARY = "zanzibar"

SETTINGS = f"""
[device]
name = "{CANARY}-desk"
[line]
kind = "siprec"
allow = ["{CANARY}"]
port = 5060
password = "{CANARY}"
[speech]
language = "{CANARY}"
[central]
url = "wss://{CANARY}.example.com"
identity = "certificate"
"""


async def said(folder: Path) -> None:
    outbox = Outbox(folder / "outbox.db", lambda _: None)
    await outbox.start()
    words = Utterance(who="caller", start_sample=0, end_sample=9, number=1, text=f"call me {CANARY}", words=())
    outbox.append(draft(words, call=CANARY))
    await outbox.stop()


def contents(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        found = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        return {name.partition("/")[2]: stream.read().decode() for name, stream in found.items() if stream}


def test_it_tells_what_helps_and_no_name_secret_or_word(tmp_path: Path) -> None:
    asyncio.run(said(tmp_path))
    config, bundle = tmp_path / "device.toml", tmp_path / "support.tar.gz"
    config.write_text(SETTINGS.replace(f'language = "{CANARY}"', 'language = "ko"'), "utf-8")
    names = write_bundle(bundle, config, tmp_path, [Finding("disk", "ok", "enough")])
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    found = contents(bundle)
    assert set(found) == set(names)
    assert not [name for name, text in found.items() if CANARY in text]
    settings = json.loads(found["settings.json"])
    assert (settings["line"]["kind"], settings["line"]["port"], settings["speech"]["language"]) == (
        "siprec",
        5060,
        "ko",
    )
    assert json.loads(found["outbox.json"])["events"]["utterance"]["count"] == 1
    assert json.loads(found["doctor.json"])[0]["subject"] == "disk"
    assert json.loads(found["machine.json"])["uptime_s"] > 0


def test_a_box_without_settings_or_outbox_gets_one_too(tmp_path: Path) -> None:
    write_bundle(tmp_path / "support.tar.gz", None, tmp_path, [])
    found = contents(tmp_path / "support.tar.gz")
    assert json.loads(found["outbox.json"]) == {"file": False}
    assert json.loads(found["settings.json"]) is None


def test_of_a_line_of_the_log_the_event_and_its_numbers_are_kept() -> None:
    line = (
        "2026-01-05T10:00:00+0100 box undertone[4]: WARNING logger=appliance.app event=link state=offline "
        f"text='{CANARY} said no' after_s=2.5 device={CANARY} to=+4930123456789"
    )
    assert harmless_line(line) == "2026-01-05T10:00:00+0100 WARNING event=link state=offline after_s=2.5"


@given(st.text(max_size=40) | st.sampled_from([" event=", " state=", "' event=", '" kind=', " a_s=1 side="]))
def test_nothing_of_a_quoted_text_passes(text: str) -> None:
    line = f"2026-01-05T10:00:00 event=link text={text + CANARY + ' ' + text!r} after_s=2.5"
    assert harmless_line(line) == "2026-01-05T10:00:00 event=link after_s=2.5"


TOML_VALUES = st.recursive(
    st.just(CANARY) | st.integers() | st.booleans(),
    lambda inner: st.dictionaries(st.sampled_from(["name", "kind_of", "url", "agents"]), inner) | st.lists(inner),
)


@given(TOML_VALUES)
def test_of_settings_only_words_of_our_own_pass(value: object) -> None:
    assert CANARY not in json.dumps(harmless({"site": value, "more": [value]}))
