"""A box is wiped, says so with its own key, and its server keeps that."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.adapters.identity import identity_folder
from appliance.adapters.outbox import Outbox
from appliance.central.access import audit
from appliance.cli import main
from appliance.errors import BadInputError
from appliance.fleet.wiping import SignedReport, read_report

from .outbox_drafts import call_ended
from .test_enrolment import Desk, desk

SETTINGS = """\
[device]
name = "desk-3"
[line]
kind = "sound_card"
card = "USB"
[central]
url = "{url}"
identity = "certificate"
"""


class Box:
    """An enrolled box with something to hide."""

    def __init__(self, here: Desk, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.here, self.folder, self._capsys = here, folder, capsys
        self.state, self.settings = folder / "box", folder / "etc"
        self.settings.mkdir()
        (self.settings / "undertone.toml").write_text(SETTINGS.format(url=here.site.url))
        (self.settings / "token").write_text("secret")
        (self.state / "models/tiny").mkdir(parents=True)
        (self.state / "models/tiny/weights").write_text("weights")
        (self.state / "calls").mkdir()
        (self.state / "calls/anna.txt").write_text("what Anna said")

    async def wipe(self, *words: str, code: int = 0) -> str:
        places = ["--state", str(self.state), "--settings", str(self.settings), "--serial", "abc", "--json"]
        assert await asyncio.to_thread(main, ["wipe", *places, *words]) == code
        said = self._capsys.readouterr()
        return said.err if code == 2 else said.out

    async def decommission(self, *words: str, code: int = 0) -> str:
        access = ["--access", str(self.folder / "server/access"), "--json"]
        assert await asyncio.to_thread(main, ["fleet", "decommission", "desk-3", *words, *access]) == code
        said = self._capsys.readouterr()
        return said.err if code == 2 else said.out

    def left(self) -> list[str]:
        folders = (self.state, self.settings)
        return [
            str(path.relative_to(self.folder)) for folder in folders for path in folder.rglob("*") if path.is_file()
        ]


def on_a_desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], day: Callable[[Box], Awaitable[None]]) -> None:
    async def run() -> None:
        async with desk(tmp_path) as here:
            await here.enrol(here.claim())
            await day(Box(here, tmp_path, capsys))

    asyncio.run(run())


def test_a_wiped_box_knows_nothing_and_its_server_keeps_the_proof(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def day(box: Box) -> None:
        assert "add --yes" in await box.wipe(code=2)
        assert "box/calls/anna.txt" in box.left()
        told = json.loads(await box.wipe("--yes"))
        assert (told["device"], told["files"], told["left"], told["server_told"]) == ("desk-3", 3, [], True)
        assert box.left() == ["box/models/tiny/weights"]
        assert not identity_folder(box.state).exists()
        entry = audit.entries(box.here.ca.database)[0]
        assert (entry.action, entry.device) == ("device_wiped", "desk-3")
        assert "3 files" in entry.details
        assert box.here.ca.issued()[-1].reason == "wiped"
        ended = json.loads(await box.decommission())
        assert ended["wiped"] == entry.details
        again = json.loads(await box.wipe("--yes", "--models"))
        assert (again["device"], box.left()) == ("", [])

    on_a_desk(tmp_path, capsys, day)


def test_a_box_without_its_server_gives_a_proof_to_carry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def day(box: Box) -> None:
        proof = tmp_path / "proof"
        assert json.loads(await box.decommission())["wiped"] is None
        assert "the server was not told" in await box.wipe("--yes", code=2)
        assert (identity_folder(box.state) / "identity.pem").exists(), "the key is kept until it has signed"
        told = json.loads(await box.wipe("--yes", "--report", str(proof)))
        assert not told["server_told"]
        assert not identity_folder(box.state).exists()
        report = proof.read_bytes()
        said = msgspec.json.decode(report, type=SignedReport)
        forged = msgspec.structs.replace(said, payload=said.payload.replace(b"desk-3", b"desk-4"))
        proof.write_bytes(msgspec.json.encode(forged))
        assert "was not signed by the key" in await box.decommission("--proof", str(proof), code=2)
        proof.write_bytes(report)
        assert "files" in json.loads(await box.decommission("--proof", str(proof)))["wiped"]
        await box.decommission("--proof", str(proof))
        assert [each.action for each in audit.entries(box.here.ca.database)].count("device_wiped") == 1

    on_a_desk(tmp_path, capsys, day)


def test_what_the_server_has_not_got_is_not_wiped_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def day(box: Box) -> None:
        outbox = Outbox(box.state / "outbox.db", lambda _fault: None)
        await outbox.start()
        outbox.append(call_ended(1))
        await outbox.flush()
        assert "the device runs" in await box.wipe("--yes", code=2)
        await outbox.stop()
        assert "1 events have not reached the server" in await box.wipe("--yes", code=2)
        assert json.loads(await box.wipe("--yes", "--undelivered"))["undelivered_events"] == 1

    on_a_desk(tmp_path, capsys, day)


def test_a_central_server_is_never_wiped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "central.sqlite").touch()
    assert main(["wipe", "--yes", "--state", str(tmp_path), "--settings", str(tmp_path)]) == 2
    assert "holds a central server" in capsys.readouterr().err
    assert (tmp_path / "central.sqlite").exists()


@given(st.binary(max_size=300))
def test_whatever_is_no_report_is_refused(document: bytes) -> None:
    with pytest.raises(BadInputError) as error:
        read_report(document)
    assert error.value.mend
