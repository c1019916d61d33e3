from pathlib import Path

import pytest

from appliance.adapters.mute_latch import set_latch
from appliance.cli import EXIT_BAD_INPUT, main


def test_nothing_is_recorded_without_consent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "line.wav"
    assert main(["line", "record", "any card", str(file)]) == EXIT_BAD_INPUT
    told = capsys.readouterr().err
    assert "Tell them" in told
    assert "--consent" in told
    assert not file.exists()


@pytest.mark.parametrize("command", [["check", "any card"], ["record", "any card", "{file}", "--consent"]])
def test_a_muted_box_is_neither_recorded_nor_metered(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNDERTONE_HOME", str(tmp_path))
    set_latch(tmp_path)
    file = tmp_path / "line.wav"
    assert main(["line", *(word.format(file=file) for word in command)]) == EXIT_BAD_INPUT
    told = capsys.readouterr().err
    assert "the box is muted" in told
    assert "button" in told
    assert not file.exists()
