"""What the doctor mends by itself, and what it leaves alone."""

import os
from pathlib import Path

import pytest

from appliance.adapters.claim_word import claim_findings, forget_refusal, keep_refusal
from appliance.adapters.mends import as_finding, carry_out, mends
from appliance.errors import BadInputError


def broken_box(folder: Path) -> Path:
    """Give the state folder of a box that has been through something."""
    state = folder / "state"
    identity, models = state / "identity", state / "models"
    for each in (identity, models / ".new-tiny", models / "half", models / "whole"):
        each.mkdir(parents=True)
    (models / "whole/model.json").touch()
    (models / "half/weights").touch()
    for name in ("identity.pem", ".identity.pem.0123abcd", "authorities.pem"):
        (identity / name).touch(0o644)
    identity.chmod(0o755)
    (folder / "token").touch(0o644)
    return state


def test_what_can_be_mended_is_told_and_mended_and_then_gone(tmp_path: Path) -> None:
    state, token = broken_box(tmp_path), tmp_path / "token"
    found = mends(state, (token,))
    told = {as_finding(each).detail.removeprefix("others may ").replace(str(tmp_path), "") for each in found}
    assert told == {
        "look into /state/identity", "read /state/identity/identity.pem", "read /state/identity/authorities.pem",
        "read /state/identity/.identity.pem.0123abcd", "read /token", "/state/models/.new-tiny is half a model",
        "/state/models/half is half a model", "/state/identity/.identity.pem.0123abcd was left by a power cut",
    }  # fmt: skip
    assert {carry_out(each).state for each in found} == {"ok"}
    assert mends(state, (token,)) == []
    left = {each.name for each in state.rglob("*") if each.is_file()}
    assert left == {".lock", "authorities.pem", "identity.pem", "model.json"}
    assert token.stat().st_mode & 0o777 == 0o600


def test_missing_folders_are_made(tmp_path: Path) -> None:
    for _ in range(2):
        for each in mends(tmp_path / "state"):
            carry_out(each)
    assert (tmp_path / "state/models").is_dir()
    assert mends(tmp_path / "state") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_left_behind_is_given_to_the_device(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    os.chown(tmp_path, 12345, 12345)
    (found,) = mends(tmp_path)
    assert carry_out(found).state == "ok"
    assert (tmp_path / "models").stat().st_uid == 12345


def test_what_cannot_be_mended_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (found,) = mends(tmp_path / "file/state")
    assert "could not be mended" in carry_out(found).detail


def test_a_claim_that_was_not_taken_is_named_until_one_is(tmp_path: Path) -> None:
    assert claim_findings(tmp_path) == []
    keep_refusal(tmp_path, BadInputError("this claim was used already, by another key", mend="make a new claim"))
    (finding,) = claim_findings(tmp_path)
    assert "used already, by another key" in finding.detail
    assert finding.mend == "make a new claim"
    forget_refusal(tmp_path)
    assert claim_findings(tmp_path) == []
    (tmp_path / "last-claim.json").write_bytes(b"{")
    assert claim_findings(tmp_path) == []
