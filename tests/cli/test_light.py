import json
from pathlib import Path

import pytest

from appliance.cli import main
from appliance.indicator.patterns import LOOKS, MARKS
from tests.light_board.rig import plugged


def test_a_board_is_tested_with_every_look_and_mark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with plugged(tmp_path) as board:
        assert main(["light", "test", "--port", str(board.port), "--seconds", "0.05"]) == 0
        said = capsys.readouterr().out
        assert all(f"  {name}: {look.pixels}" in said for name, look in LOOKS.items())
        assert said.count("\n") == len(LOOKS) + len(MARKS)
        assert len(set(board.shown())) >= 10


def test_a_board_is_identified_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with plugged(tmp_path, serial="E661") as board:
        assert main(["light", "identify", "--port", str(board.port), "--seconds", "0.3"]) == 0
        assert " ".join(["ffffff"] * 4 + ["000000"] * 4) in board.shown()
        assert main(["light", "list", "--json", "--port", str(board.port)]) == 0
    (told,) = json.loads(capsys.readouterr().out)["boards"]
    assert (told["serial"], told["firmware"]) == (b"E661".ljust(8, b"\0").hex(), "1.0.0")


def test_a_light_that_is_not_there_is_one_error_with_its_mend(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["light", "identify", "--port", "/dev/nowhere"]) == 2
    said = capsys.readouterr().err
    assert "no light board at /dev/nowhere" in said
    assert "mend: is it plugged in?" in said


def test_settings_without_a_lamp_say_what_to_add(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "device.toml"
    file.write_text('[device]\nname = "d"\n[line]\nkind = "recording"\nfile = "c.wav"\n[light]\nkind = "lines"\n')
    assert main(["light", "test", "--config", str(file)]) == 2
    assert "add --kind board" in capsys.readouterr().err
