"""The firmware itself, turn by turn, with the real program under MicroPython."""

import random
from collections.abc import Iterator

import pytest

from appliance.indicator.animation import DARK, Pixel, pixels_at
from appliance.indicator.board_packets import (
    HOST_LOST_MS,
    ButtonState,
    Kind,
    Packet,
    decoded,
    digest,
    encoded,
    picture,
    read_ack,
    read_button,
    read_identity,
)
from appliance.indicator.looks import Look, Pattern
from appliance.indicator.patterns import HOST_LOST, LOOKS, MARKS, LightState, pattern
from tests.light_board.rig import SimulatedBoard, simulated

URGENT = pattern(LightState("urgent", blinking=True, reason="Cancels", link_online=False, in_call=True))
STEADY = pattern(LightState("urgent", reason="Cancels"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedBoard]:
    with simulated(tmp_path_factory.mktemp("board")) as board:
        yield board


@pytest.fixture
def board(shared: SimulatedBoard) -> SimulatedBoard:
    shared.restart()
    return shared


def show(shown: Pattern, *, buzz: bool = False) -> bytes:
    return encoded(Packet(Kind.SHOW, 1, picture(shown, buzz=buzz)))


def answers(sent: bytes) -> list[Packet]:
    return [decoded(wire) for wire in sent.split(b"\0") if wire]


def started() -> Pattern:
    return pattern(LightState(starting=True))


def test_a_board_says_who_it_is(board: SimulatedBoard) -> None:
    (answer,) = answers(board.turn(10, encoded(Packet(Kind.HELLO, 9))).sent)
    identity = read_identity(answer.payload)
    assert identity.firmware == (1, 0, 0)
    assert identity.pixels == 8
    assert identity.has_buzzer
    assert identity.serial == b"simulate"


def test_a_picture_is_shown_and_its_digest_told(board: SimulatedBoard) -> None:
    turn = board.turn(10, show(STEADY))
    assert turn.pixels == [(255, 4, 0)] * 8
    (answer,) = answers(turn.sent)
    assert read_ack(answer.payload).digest == digest(picture(STEADY))


EACH_LOOK: dict[str, Look] = {**{str(name): look for name, look in LOOKS.items()}, "host_lost": HOST_LOST}


@pytest.mark.parametrize("look", EACH_LOOK.values(), ids=list(EACH_LOOK))
def test_the_board_moves_as_the_box_thinks(board: SimulatedBoard, look: Look) -> None:
    for mark in (None, *MARKS.values()):
        wanted = Pattern(look, mark, "")
        board.turn(0, show(Pattern(look, mark, ""), buzz=True))
        elapsed_ms = 0
        board.turn(0, show(wanted))
        for _ in range(100):
            turn = board.turn(37, encoded(Packet(Kind.HEARTBEAT, 1)))
            elapsed_ms += 37
            assert turn.pixels == pixels_at(wanted, elapsed_ms, 8)


def test_before_the_first_word_it_starts_and_after_three_silent_seconds_the_box_is_lost(board: SimulatedBoard) -> None:
    lost = Pattern(HOST_LOST, None, "")
    assert board.turn(0).pixels == pixels_at(started(), 0, 8)
    assert board.turn(HOST_LOST_MS - 1).pixels == pixels_at(started(), HOST_LOST_MS - 1, 8)
    assert board.turn(1).pixels == pixels_at(lost, 0, 8)
    board.turn(5, show(STEADY))
    board.turn(HOST_LOST_MS - 1)
    assert board.turn(0, encoded(Packet(Kind.HEARTBEAT, 1))).pixels == [(255, 4, 0)] * 8
    board.turn(HOST_LOST_MS - 1)
    assert board.turn(1).pixels == pixels_at(lost, 0, 8)


def test_a_heartbeat_after_the_loss_says_that_the_picture_is_gone(board: SimulatedBoard) -> None:
    board.turn(0, show(STEADY))
    board.turn(HOST_LOST_MS)
    (answer,) = answers(board.turn(10, encoded(Packet(Kind.HEARTBEAT, 1))).sent)
    assert read_ack(answer.payload).digest == 0


def test_half_a_packet_costs_only_itself(board: SimulatedBoard) -> None:
    whole = show(STEADY)
    for cut in range(len(whole)):
        board.turn(1, whole[:cut] + b"\0")
        assert board.turn(1, show(URGENT)).pixels == pixels_at(URGENT, 0, 8)
        board.turn(1, whole)


def test_a_byte_at_a_time_is_as_good(board: SimulatedBoard) -> None:
    for byte in show(STEADY):
        turn = board.turn(1, bytes([byte]))
    assert turn.pixels == [(255, 4, 0)] * 8


def test_garbage_without_end_is_counted_and_forgotten(board: SimulatedBoard) -> None:
    chance = random.Random(7)
    for _ in range(50):
        board.turn(1, bytes(chance.randrange(1, 256) for _ in range(500)))
    turn = board.turn(1, b"\0" + show(STEADY))
    assert turn.pixels == [(255, 4, 0)] * 8
    assert read_ack(answers(turn.sent)[0].payload).refused == 1


def test_another_version_is_answered_with_who_the_board_is(board: SimulatedBoard) -> None:
    (answer,) = answers(board.turn(1, encoded(Packet(Kind.SHOW, 1, bytes(40)), version=2)).sent)
    assert answer.kind == Kind.IDENTITY


def test_what_is_unknown_or_of_a_wrong_length_changes_nothing(board: SimulatedBoard) -> None:
    before = board.turn(0, show(STEADY)).pixels
    for packet in (Packet(0x3F, 1), Packet(Kind.SHOW, 1, b"short"), Packet(Kind.BUTTON_SEEN, 1), Packet(Kind.ACK, 1)):
        turn = board.turn(1, encoded(packet))
        assert (turn.sent, turn.pixels) == (b"", before)


def test_a_press_is_told_until_it_is_seen(board: SimulatedBoard) -> None:
    assert not board.turn(10, button=True).sent, "it may have bounced"
    told = [read_button(answer.payload) for answer in answers(board.turn(10, button=True).sent)]
    assert [event.is_down for event in told] == [True]
    assert not board.turn(100, button=True).sent
    again = [read_button(answer.payload) for answer in answers(board.turn(100, button=True).sent)]
    assert again == told
    board.turn(1, encoded(Packet(Kind.BUTTON_SEEN, 1, bytes([told[0].count]))), button=True)
    assert not board.turn(1000, button=True).sent
    board.turn(20)
    assert not board.turn(50).sent, "the release was told at once"


def test_a_press_that_nobody_sees_is_old_after_three_seconds(board: SimulatedBoard) -> None:
    sent = [board.turn(100, button=True).sent for _ in range(60)]
    assert sum(map(bool, sent)) == 15
    assert not any(sent[35:])


def test_a_short_contact_is_no_press(board: SimulatedBoard) -> None:
    for _ in range(20):
        assert not board.turn(15, button=True).sent
        assert not board.turn(15).sent


def test_a_button_that_is_down_for_ten_seconds_is_stuck_and_free_when_it_comes_up(board: SimulatedBoard) -> None:
    heartbeat = encoded(Packet(Kind.HEARTBEAT, 1))

    def state(elapsed_ms: int, *, button: bool) -> ButtonState:
        told = answers(board.turn(elapsed_ms, heartbeat, button=button).sent)
        board.turn(0, encoded(Packet(Kind.BUTTON_SEEN, 1, bytes([1]))), button=button)
        return next(read_ack(each.payload).button for each in told if each.kind == Kind.ACK)

    board.turn(20, button=True)
    assert state(5_000, button=True) == ButtonState.DOWN
    board.turn(5_000, button=True)
    assert state(0, button=True) == ButtonState.STUCK
    board.turn(20)
    assert state(0, button=False) == ButtonState.UP


def test_the_buzzer_sounds_shortly_and_only_where_it_is_asked_for(board: SimulatedBoard) -> None:
    assert not board.turn(10, show(STEADY)).buzzes
    assert board.turn(10, show(STEADY, buzz=True)).buzzes
    assert not board.turn(120).buzzes
    assert not board.turn(10, show(STEADY, buzz=True)).buzzes, "the same picture again is nothing new"


def test_an_all_dark_picture_is_dark(board: SimulatedBoard) -> None:
    dark: Pixel = DARK
    assert board.turn(10, show(Pattern(Look("red", 0.0), None, ""))).pixels == [dark] * 8
