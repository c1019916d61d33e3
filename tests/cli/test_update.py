"""`undertone update`, from the publisher's key to a box that runs a release."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.adapters.call_lock import CallLock
from appliance.cli import main
from tests.adapters.file_site import PIECE_BYTES, FileSite, serving
from tests.adapters.small_disk import small_disk
from tests.update.releases import archive, packaged, program

__all__ = ["small_disk"]

OFFER = "/undertone/release.json"


class Desk:
    """A box, a publisher and the web site between them."""

    def __init__(self, folder: Path, site: FileSite, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.site, self._capsys = folder, site, capsys
        self.url = f"{site.url}{OFFER}"
        self.root = folder / "root"
        (folder / "trusted").mkdir()
        self.box = ["--root", str(self.root), "--packaged", str(packaged(folder)), "--keys", str(folder / "trusted")]
        self.keygen("office")
        (folder / "office.pub").rename(folder / "trusted/office.pub")

    def keygen(self, name: str) -> None:
        assert main(["update", "keygen", name, "--out", str(self.folder)]) == 0

    def publish(self, number: int, *options: str, key: str = "office", ring: str = "100", padding: int = 0) -> None:
        """Sign a release, and serve it."""
        file = self.folder / f"undertone-{number}.tar.gz"
        file.write_bytes(archive(number, padding=padding))
        words = ["--number", str(number), "--version", f"0.{number}", "--ring", ring]
        sign = ["update", "sign", str(file), *words, "--key", str(self.folder / f"{key}.key"), *options]
        assert main(sign) == 0
        self.site.files[OFFER] = (self.folder / "release.json").read_bytes()
        self.site.body = file.read_bytes()

    def do(self, action: str, *more: str, code: int = 0) -> dict[str, Any]:
        self._capsys.readouterr()
        assert main(["update", action, *self.box, *more, "--json"]) == code
        said = self._capsys.readouterr()
        if code == 2:
            return {"error": said.err}
        facts: dict[str, Any] = json.loads(said.out)
        return facts

    def outcome(self, action: str, *more: str, code: int = 0) -> str:
        return str(self.do(action, *more, code=code)["outcome"])

    def update_to(self, number: int) -> None:
        assert self.outcome("apply", self.url) == "ready"
        assert (self.outcome("begin-start"), self.outcome("confirm")) == ("trial", "confirmed")
        assert self.runs() == program(number)

    def runs(self) -> str:
        return (self.root / "current/bin/undertone").read_text()


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    with serving(b"") as site:
        yield Desk(tmp_path, site, capsys)


def test_a_release_comes_to_a_box_and_the_next_one_that_does_not_work_goes(desk: Desk) -> None:
    assert desk.outcome("begin-start") == "as_before"
    assert desk.runs() == program(0)
    desk.publish(1)
    assert desk.outcome("check", desk.url) == "take"
    desk.update_to(1)
    assert desk.outcome("apply", desk.url) == "already_here"
    desk.publish(2)
    assert desk.outcome("apply", desk.url) == "ready"
    assert desk.outcome("apply", desk.url) == "trial_open"
    assert desk.do("status")["trial"] == {"number": 2, "is_started": False}
    assert desk.outcome("confirm") == "nothing_to_confirm"
    assert desk.outcome("begin-start") == "trial"
    assert desk.outcome("begin-start") == "fallen_back"
    assert desk.runs() == program(1)
    assert desk.outcome("apply", desk.url) == "failed_before"
    status = desk.do("status")
    assert (status["current"], status["good"], status["failed"]) == ("releases/1", 1, [2])


def test_an_old_offer_takes_no_box_back(desk: Desk) -> None:
    desk.publish(1)
    old = desk.site.files[OFFER]
    desk.publish(2)
    desk.update_to(2)
    desk.site.files[OFFER] = old
    assert desk.outcome("apply", desk.url) == "older"
    assert desk.runs() == program(2)


def test_a_stranger_publishes_in_vain(desk: Desk) -> None:
    desk.keygen("stranger")
    desk.publish(1, key="stranger")
    for action in ("check", "apply"):
        error = desk.do(action, desk.url, code=2)["error"]
        assert "no trusted key signed this offer (signed by: stranger; trusted: office)" in error
        assert "mend:" in error
    assert not (desk.root / "download").exists()


def test_a_box_that_trusts_nobody_says_so(desk: Desk) -> None:
    desk.publish(1)
    (desk.folder / "trusted/office.pub").unlink()
    assert "trusts no key" in desk.do("apply", desk.url, code=2)["error"]


def test_an_offer_to_nobody_stops_a_roll_out_and_a_wider_one_goes_on(desk: Desk) -> None:
    desk.publish(1, ring="0")
    assert desk.outcome("apply", desk.url) == "not_my_ring"
    desk.publish(1)
    desk.update_to(1)


def test_a_release_brings_the_key_of_those_that_follow(desk: Desk) -> None:
    desk.keygen("next")
    desk.publish(1, "--trust", str(desk.folder / "next.pub"))
    desk.update_to(1)
    assert desk.do("status")["keys"] == ["next"]
    desk.publish(2)
    assert "trusted: next" in desk.do("apply", desk.url, code=2)["error"]
    desk.publish(2, key="next")
    desk.update_to(2)


def test_an_archive_that_is_not_what_was_signed_changes_nothing(desk: Desk) -> None:
    desk.publish(1)
    desk.site.body = bytes(len(desk.site.body))
    assert "not the one that was signed" in desk.do("apply", desk.url, code=2)["error"]
    desk.site.body = archive(1)[:-1]
    assert "bytes" in desk.do("apply", desk.url, code=2)["error"]
    assert desk.do("status")["trial"] is None
    desk.publish(1)
    desk.update_to(1)


def test_a_site_that_is_gone_is_named(desk: Desk) -> None:
    assert "no offer could be had" in desk.do("apply", "http://127.0.0.1:9/release.json", code=2)["error"]


def test_a_disk_without_space_is_a_state_with_a_name(desk: Desk, small_disk: Path) -> None:
    desk.publish(1)
    # Less is free there than an update must leave free.
    assert desk.outcome("apply", desk.url, "--root", str(small_disk / "root"), code=1) == "disk_full"


def test_a_killed_update_goes_on_where_it_was(desk: Desk) -> None:
    desk.publish(1, padding=40 * PIECE_BYTES)
    desk.site.pause_s = 0.05
    command = [sys.executable, "-m", "appliance", "update", "apply", desk.url, *desk.box]
    with subprocess.Popen(command) as apply:
        while not any(file.stat().st_size for file in desk.root.glob("download/*")):
            assert apply.poll() is None
            time.sleep(0.01)
        apply.send_signal(signal.SIGKILL)
    assert desk.do("status")["trial"] is None
    desk.site.pause_s = 0
    desk.update_to(1)
    first, second = desk.site.ranges
    assert first is None
    assert second is not None
    assert second > "bytes=0-"


def test_a_restart_waits_for_the_end_of_the_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wait = ["update", "wait", "--state", str(tmp_path), "--within", "0", "--json"]
    lock = CallLock(tmp_path)
    for is_on, code, outcome in ((False, 0, "no_call"), (True, 1, "in_call"), (False, 0, "no_call")):
        lock.show(is_on=is_on)
        assert main(wait) == code
        assert json.loads(capsys.readouterr().out) == {"outcome": outcome}


def test_a_start_is_never_held_up(desk: Desk) -> None:
    desk.root.mkdir()
    (desk.root / "state.json").write_text("no state")
    assert main(["update", "begin-start", *desk.box]) == 0


@pytest.mark.parametrize(
    "words",
    [
        ["keygen", "office 2026"],
        ["sign", "missing.tar.gz", "--number", "1", "--version", "1", "--ring", "5", "--key", "missing.key"],
    ],
)
def test_what_a_publisher_gets_wrong_is_told_with_its_mend(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["update", *words]) == 2
    assert "mend:" in capsys.readouterr().err


def test_a_publisher_cannot_sign_what_no_box_would_take(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.publish(1)
    words = ["update", "sign", str(desk.folder / "undertone-1.tar.gz"), "--version", "1"]
    key = ["--key", str(desk.folder / "office.key")]
    assert main([*words, "--number", "0", "--ring", "5", *key]) == 2
    assert main([*words, "--number", "1", "--ring", "101", *key]) == 2
    assert (desk.folder / "office.key").stat().st_mode & 0o777 == 0o600
    assert "mend:" in capsys.readouterr().err
