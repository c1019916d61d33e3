"""The real sink and the real firmware, on a pty."""

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.adapters.light import LightError
from appliance.adapters.light_board import LightBoard, Port, choose_port, open_port
from appliance.adapters.light_thread import LightThread, Trouble
from appliance.indicator.animation import pixels_at
from appliance.indicator.board_link import Met, News, Pressed
from appliance.indicator.board_packets import Kind, Packet, encoded
from appliance.indicator.looks import Pattern
from appliance.indicator.night import Dimming
from appliance.indicator.patterns import HOST_LOST, LightState, pattern
from appliance.light_settings import BoardSettings
from tests.light_board.rig import PluggedBoard, plugged

URGENT = pattern(LightState("urgent", blinking=True, reason="Cancels", in_call=True))
STEADY = pattern(LightState("urgent", reason="Cancels"))
CALM = pattern(LightState(in_call=True))


def as_hex(shown: Pattern) -> str:
    return " ".join(bytes(pixel).hex() for pixel in pixels_at(shown, 0, 8))


def wait_for(met: Callable[[], object], timeout_s: float = 10.0) -> None:
    until = time.monotonic() + timeout_s
    while not met():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.01)


class Desk:
    """A light thread with a board on it, and all that it told."""

    def __init__(self, board: PluggedBoard, *, buzzer: bool = False) -> None:
        self.board = board
        self.news: queue.Queue[News] = queue.Queue()
        self.troubles: list[Trouble] = []
        settings = BoardSettings(port=str(board.port), buzzer=buzzer)
        self.thread = LightThread(
            "board",
            lambda: LightBoard(settings, self.news.put),
            Dimming(),
            lambda _, trouble: self.troubles.append(trouble),
        )
        self.thread.start()

    def shows(self, wanted: Pattern) -> bool:
        return self.board.shown()[-1:] == [as_hex(wanted)]


@pytest.fixture
def board(tmp_path: Path) -> Iterator[PluggedBoard]:
    with plugged(tmp_path) as board:
        yield board


@pytest.fixture
def desk(board: PluggedBoard) -> Iterator[Desk]:
    desk = Desk(board)
    yield desk
    desk.thread.stop()


def test_the_board_shows_what_it_is_told_and_then_something_else(desk: Desk) -> None:
    desk.thread.show(STEADY)
    wait_for(lambda: desk.shows(STEADY))
    desk.thread.show(CALM)
    wait_for(lambda: desk.shows(CALM))
    first = desk.news.get(timeout=5)
    assert isinstance(first, Met)
    assert first.identity.serial == b"bench\0\0\0"
    assert not desk.troubles


def test_when_the_box_ends_the_board_says_so_by_itself(desk: Desk) -> None:
    desk.thread.show(STEADY)
    wait_for(lambda: desk.shows(STEADY))
    desk.thread.stop()
    wait_for(lambda: desk.shows(Pattern(HOST_LOST, None, "")))


def test_a_press_of_the_button_is_told_once(desk: Desk) -> None:
    desk.thread.show(CALM)
    wait_for(lambda: desk.shows(CALM))
    desk.board.press()
    wait_for(lambda: Pressed() in list(desk.news.queue))
    desk.board.release()
    desk.thread.show(STEADY)
    wait_for(lambda: desk.shows(STEADY))
    assert list(desk.news.queue).count(Pressed()) == 1


def test_a_board_that_is_unplugged_is_missed_and_lights_up_when_it_comes_again(desk: Desk) -> None:
    desk.thread.show(STEADY)
    wait_for(lambda: desk.shows(STEADY))
    desk.board.unplug()
    wait_for(lambda: desk.troubles)
    desk.thread.show(CALM)
    desk.board.plug_in()
    wait_for(lambda: desk.shows(CALM), 10.0)
    assert desk.troubles[-1] is None
    assert all(isinstance(trouble, LightError) for trouble in desk.troubles[:-1])


def test_the_buzzer_sounds_once_where_it_is_wanted(board: PluggedBoard) -> None:
    desk = Desk(board, buzzer=True)
    for shown in (CALM, URGENT, STEADY):
        desk.thread.show(shown)
        wait_for(lambda shown=shown: as_hex(shown) in " ".join(board.shown()[-3:]))  # type: ignore[misc] # bound now
    desk.thread.stop()
    buzzes = [line for line in board.shown() if line.endswith("buzz")]
    assert buzzes
    assert all(line.startswith("ff0400") for line in buzzes)


def test_a_port_that_says_nothing_is_no_board() -> None:
    ours, theirs = os.openpty()
    with pytest.raises(LightError, match="no light board answers at") as error:
        LightBoard(BoardSettings(port=os.ttyname(theirs)), print)
    assert error.value.mend == "flash it: undertone light flash"
    os.close(ours)
    os.close(theirs)


def test_a_board_of_another_version_is_named_with_the_mend() -> None:
    ours, theirs = os.openpty()

    def answer() -> None:
        os.read(ours, 100)
        os.write(ours, encoded(Packet(Kind.IDENTITY, 1, bytes(13)), version=7))

    threading.Thread(target=answer).start()
    with pytest.raises(LightError, match="speaks version 7, this box 1") as error:
        LightBoard(BoardSettings(port=os.ttyname(theirs)), print)
    assert "undertone light flash" in error.value.mend
    os.close(ours)
    os.close(theirs)


PORTS = (Port("/dev/ttyACM0", "E661"), Port("/dev/ttyACM1", "E662"))


def test_the_board_that_is_meant_is_taken() -> None:
    assert choose_port(BoardSettings(), PORTS[:1]) == "/dev/ttyACM0"
    assert choose_port(BoardSettings(serial="E662"), PORTS) == "/dev/ttyACM1"
    assert choose_port(BoardSettings(port="/dev/light"), ()) == "/dev/light"


@pytest.mark.parametrize(
    ("settings", "ports", "what"),
    [
        (BoardSettings(), (), "no light board is plugged in"),
        (BoardSettings(), PORTS, "there are 2 light boards: E661 at /dev/ttyACM0, E662 at /dev/ttyACM1"),
        (BoardSettings(serial="E663"), PORTS, "no light board has the serial number E663: E661 at"),
    ],
)
def test_none_and_too_many_are_told_with_their_names(
    settings: BoardSettings, ports: tuple[Port, ...], what: str
) -> None:
    with pytest.raises(LightError, match=what) as error:
        choose_port(settings, ports)
    assert error.value.mend


def test_a_port_that_is_not_there_or_no_port_is_told(tmp_path: Path) -> None:
    with pytest.raises(LightError, match="no light board at /dev/nowhere"):
        open_port("/dev/nowhere")
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(LightError, match="is no serial port"):
        open_port(str(file))


def test_a_port_that_another_program_has_is_told(board: PluggedBoard) -> None:
    with open_port(str(board.port)), pytest.raises(LightError, match="another program uses"):
        open_port(str(board.port))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without permission")
def test_without_permission_the_rule_is_named() -> None:
    ours, theirs = os.openpty()
    path = os.ttyname(theirs)
    Path(path).chmod(0o600)
    os.seteuid(65534)
    try:
        with pytest.raises(LightError, match="no permission for the light board") as error:
            open_port(path)
    finally:
        os.seteuid(0)
    assert "systemd/70-undertone-light.rules" in error.value.mend
    os.close(ours)
    os.close(theirs)
