"""The part of the hardware check that looks at a light board: the real firmware, on a pty."""

from pathlib import Path

import pytest

from appliance.cli.hardware_walk import Person, board_findings
from appliance.light_settings import BoardSettings
from tests.light_board.rig import PluggedBoard


@pytest.mark.soak
def test_a_board_answers_and_shows_each_colour_and_without_a_person_nobody_has_seen_it(tmp_path: Path) -> None:
    board = PluggedBoard(tmp_path)
    board.plug_in()
    try:
        found = {each.subject: each for each in board_findings(BoardSettings(port=str(board.port)), Person(asks=False))}
    finally:
        board.unplug()
    assert found["light board"].state == "ok"
    colours = [each for subject, each in found.items() if subject.startswith("colour")]
    assert len(colours) == 5
    assert {each.state for each in [*colours, found["button"]]} == {"note"}
    assert "nobody" in found["button"].detail
