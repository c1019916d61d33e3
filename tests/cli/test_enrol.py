"""`undertone enrol` as people type it; what it does at a server is tested in tests/adapters/test_enrolment.py."""

import json
from pathlib import Path

import pytest

from appliance.cli import main
from appliance.delivery.enrolment import Claim, claim_code

CLAIM = claim_code(Claim("ab" * 16, "cd" * 16))


def test_the_serial_number_is_shown_for_the_claim(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["enrol", "--show-serial", "--serial", "10000000a1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"serial": "10000000a1"}


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--token", CLAIM), "which server?"),
        (("--server", "https://localhost:1"), "with which claim?"),
        (("--server", "http://localhost:1", "--token", CLAIM), "not the address of a central server"),
        (("--server", "https://localhost:1", "--token", CLAIM[:-1]), "slip of the pen"),
        (("--server", "https://localhost:1", "--token-file", "/none"), "the claim cannot be read"),
        (("--server", "https://localhost:1", "--token", CLAIM), "the server cannot be reached"),
    ],
)
def test_what_cannot_be_done_is_one_message_with_the_mend_and_not_the_claim(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], what: str
) -> None:
    assert main(["enrol", *words, "--serial", "1", "--state", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert what in said
    assert "mend: " in said
    assert "ABAB" not in said
    assert list(tmp_path.iterdir()) == []
