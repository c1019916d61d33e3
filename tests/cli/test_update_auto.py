"""What the updater's units do, and what the doctor says of each state."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.adapters.call_lock import CallLock
from appliance.adapters.update_checks import update_findings
from appliance.adapters.update_word import FILE, Word, last_word
from appliance.cli import main
from tests.adapters.file_site import serving
from tests.adapters.small_disk import small_disk

from .test_update import OFFER, Desk

__all__ = ["small_disk"]


class Box(Desk):
    """A box whose settings name the address."""

    @property
    def config(self) -> Path:
        file = self.folder / "undertone.toml"
        file.write_text(f'[a-key-of-tomorrow]\nx = 1\n[update]\nurl = "{self.url}"\n')
        return file

    def auto(self, code: int = 0) -> dict[str, object]:
        return self.do("auto", "--config", str(self.config), "--device", "abc", code=code)

    def told(self, address: str | None = "https://there") -> str:
        keys = self.folder / "trusted"
        found = update_findings(self.root, self.folder / "packaged", keys, address)
        assert all(each.mend for each in found if each.state != "ok")
        return "\n".join(f"{each.state} {each.detail} | {each.mend}" for each in found)


@pytest.fixture
def box(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Box]:
    with serving(b"") as site:
        yield Box(tmp_path, site, capsys)


def test_the_timer_takes_a_release_and_the_doctor_tells_each_step(box: Box) -> None:
    assert "note nobody has looked" in box.told()
    box.do("begin-start")
    box.publish(1)
    assert box.auto() == {"outcome": "ready", "number": 1, "version": "0.1"}
    assert "ok release 1 waits for the end of a call; the packaged program is good" in box.told()
    box.do("begin-start")
    assert "note release 1 is on trial" in box.told()
    box.do("confirm")
    assert "ok release 1 (0.1) is good" in box.told()
    assert box.auto()["outcome"] == "already_here"
    assert "ok the newest release for this box, 1, runs" in box.told()


def test_a_release_that_failed_is_named_with_what_to_do(box: Box) -> None:
    box.do("begin-start")
    box.publish(2)
    box.auto()
    box.do("begin-start")
    box.do("begin-start")
    assert "note release 2 did not work here, and the box went back; the packaged program is good" in box.told()
    assert box.auto()["outcome"] == "failed_before"
    assert "note release 2 is still offered, and failed here before" in box.told()


def test_a_wrong_key_an_absent_site_and_a_damaged_archive_are_states_with_a_name(box: Box) -> None:
    box.do("begin-start")
    box.keygen("stranger")
    box.publish(1, key="stranger")
    box.auto(code=2)
    assert "trouble what is offered is refused: no trusted key signed this offer (signed by: stranger" in box.told()
    box.publish(1)
    box.site.body = b"?" * len(box.site.body)
    box.auto(code=2)
    assert "trouble release 1 could not be had" in box.told()
    del box.site.files[OFFER]
    box.url = "http://127.0.0.1:1/release.json"
    box.auto(code=2)
    assert "trouble the address of releases cannot be reached" in box.told()


def test_a_disk_without_space_is_named(box: Box, small_disk: Path) -> None:
    box.do("begin-start", "--root", str(small_disk))
    box.publish(1)
    found = box.do("auto", "--config", str(box.config), "--root", str(small_disk), code=1)
    assert found["outcome"] == "disk_full"
    box.root = small_disk
    assert "trouble there is no space for release 1" in box.told()


def test_a_box_that_nobody_updates_says_so_and_asks_nobody(box: Box) -> None:
    file = box.folder / "silent.toml"
    file.write_text("")
    assert box.do("auto", "--config", str(file))["outcome"] == "no_address"
    assert not box.root.exists()
    assert box.told(None) == "ok the settings name no address of releases | "


def test_what_is_not_set_up_for_updates_is_told(box: Box) -> None:
    (box.folder / "trusted/office.pub").unlink()
    told = box.told()
    assert "trouble the device does not start from the releases" in told
    assert "trouble this box trusts no key" in told
    (box.root).mkdir()
    (box.root / "state.json").write_text("{")
    assert "trouble" in box.told()
    (box.root / "state.json").unlink()
    old = (datetime.now(UTC) - timedelta(days=9)).isoformat()
    (box.root / FILE).write_bytes(msgspec.json.encode(Word("already_here", 3, "0.3", old)))
    assert "note nobody has looked for a release since" in box.told()
    (box.root / FILE).write_bytes(b"\xff")
    assert last_word(box.root) is None


def test_a_switch_waits_for_the_call_and_a_trial_that_has_begun_is_let_be(box: Box) -> None:
    state = box.folder / "state"
    state.mkdir()
    assert box.outcome("switch", "--state", str(state)) == "nothing_to_switch"
    box.do("begin-start")
    box.publish(1)
    box.auto()
    lock = CallLock(state)
    lock.show(is_on=True)
    assert box.outcome("switch", "--state", str(state), "--within", "0") == "in_call"
    lock.show(is_on=False)
    box.do("begin-start")
    assert box.outcome("switch", "--state", str(state)) == "nothing_to_switch"


def test_a_good_program_is_not_tried_again(box: Box) -> None:
    assert box.do("self-test") == {"tried": False, "trouble": []}
    box.do("begin-start")
    box.publish(1)
    box.update_to(1)
    assert box.do("self-test") == {"tried": False, "trouble": []}
    assert (box.root / "state.json").stat().st_mode & 0o777 == 0o644, "the device's user asks it"


@pytest.mark.soak
def test_a_program_on_trial_is_tried(box: Box) -> None:
    box.do("begin-start")
    box.publish(1)
    box.auto()
    box.do("begin-start")
    assert box.do("self-test") == {"tried": True, "trouble": []}


def test_a_wrong_address_is_told_where_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "undertone.toml"
    config.write_text('[update]\nurl = "files.example.com"\n')
    assert main(["update", "auto", "--config", str(config)]) == 2
    assert f"{config}, line 2: `update.url` is no address of an offer" in capsys.readouterr().err
    assert main(["update", "auto", "--config", str(tmp_path / "gone.toml")]) == 2
