"""What root does for a claim: the script of the package, on folders that stand for card, settings and run."""

import getpass
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "provisioning/debian/settle"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="it gives files to another user, which only root may")


class Box:
    """The folders of a box."""

    def __init__(self, folder: Path) -> None:
        self.card, self.run, self.settings = (folder / name for name in ("card", "run", "settings"))
        for each in (self.card, self.run, self.settings):
            each.mkdir()
        (self.card / "undertone-claim").write_text("UT1-CLAIM")

    def settle(self, what: str) -> int:
        places = {
            "UNDERTONE_CARD": str(self.card), "UNDERTONE_RUN": str(self.run), "UNDERTONE_SETTINGS": str(self.settings),
            "UNDERTONE_USER": getpass.getuser(), "PATH": os.defpath,
        }  # fmt: skip
        return subprocess.run(["sh", SCRIPT, what], env=places, capture_output=True, check=False).returncode


def test_the_claim_is_brought_and_wiped_only_when_it_was_used(tmp_path: Path) -> None:
    box = Box(tmp_path)
    (box.settings / "undertone.toml").write_text("old")
    assert box.settle("bring") == 0
    brought = box.run / "card/undertone-claim"
    assert (brought.read_text(), brought.stat().st_mode & 0o777) == ("UT1-CLAIM", 0o600)
    assert (box.run / "settled/undertone.toml").read_text() == "old"
    assert box.settle("keep") == 0
    assert (box.card / "undertone-claim").exists(), "the box has not used it yet"
    brought.unlink()
    (box.run / "settled/undertone.toml").write_text("new")
    (box.run / "settled/rules.toml").write_text("rules")
    assert box.settle("keep") == 0
    assert sorted(file.name for file in box.settings.iterdir()) == ["rules.toml", "undertone.toml"]
    assert (box.settings / "undertone.toml").read_text() == "new"
    assert (box.settings / "undertone.toml").stat().st_mode & 0o777 == 0o640
    assert list(box.card.iterdir()) == []
    assert box.settle("keep") == 0, "done again it finds nothing to do"


def test_what_it_does_not_know_is_refused(tmp_path: Path) -> None:
    assert Box(tmp_path).settle("else") == 2
