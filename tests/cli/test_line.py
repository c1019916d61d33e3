from pathlib import Path

import pytest

from appliance.cli import EXIT_BAD_INPUT, main


def test_nothing_is_recorded_without_consent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "line.wav"
    assert main(["line", "record", "any card", str(file)]) == EXIT_BAD_INPUT
    told = capsys.readouterr().err
    assert "Tell them" in told
    assert "--consent" in told
    assert not file.exists()
