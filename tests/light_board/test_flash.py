"""New firmware for the board, with the real mpremote."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.adapters.light import LightError
from appliance.adapters.light_firmware import FIRMWARE, flash, version_of
from appliance.cli import main
from appliance.errors import BadInputError
from tests.light_board.rig import FlashableBoard


@pytest.fixture
def board(tmp_path: Path) -> Iterator[FlashableBoard]:
    board = FlashableBoard(tmp_path)
    board.plug_in()
    yield board
    board.unplug()


def test_an_older_board_gets_each_file_and_says_its_new_version(
    board: FlashableBoard, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = tmp_path_factory.mktemp("newer")
    for file in FIRMWARE.glob("*.py"):
        text = file.read_text("utf-8").replace("FIRMWARE = (1, 0, 0)", "FIRMWARE = (1, 2, 3)")
        (newer / file.name).write_text(text, "utf-8")
    assert main(["light", "flash", "--port", str(board.port), "--firmware", str(newer)]) == 0
    said = capsys.readouterr().out
    assert f"runs firmware {version_of(newer)}" in said
    assert said.index("light.py") < said.index("[5/5] main.py"), "the one that starts the others comes last"
    assert main(["light", "list", "--json", "--port", str(board.port)]) == 0
    (told,) = json.loads(capsys.readouterr().out)["boards"]
    assert (told["firmware"], told["pixels"]) == ("1.2.3", 8)


def test_a_port_without_a_board_is_told_with_its_mend(tmp_path: Path) -> None:
    with pytest.raises(LightError, match="no light board at"):
        list(flash(str(tmp_path / "nothing"), FIRMWARE))
    with pytest.raises(BadInputError, match="there is no firmware of the light board") as error:
        version_of(tmp_path)
    assert "--firmware" in error.value.mend
