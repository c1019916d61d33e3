"""Box and board together: the real talk and the real firmware, turn by turn, on a line that hurts packets."""

import functools
import random
from pathlib import Path

import pytest

from appliance.indicator.animation import DARK, Pixel, pixels_at
from appliance.indicator.board_link import BoardLink, Pressed
from appliance.indicator.board_packets import HOST_LOST_MS, Kind, Packet, encoded, picture
from appliance.indicator.looks import Pattern
from appliance.indicator.patterns import HOST_LOST, LOOKS, MARKS
from tests.light_board.rig import SimulatedBoard, simulated

PATTERNS = [Pattern(look, mark, "") for look in LOOKS.values() for mark in (None, *MARKS.values())]
LOST = Pattern(HOST_LOST, None, "")
STARTING = Pattern(LOOKS["starting"], None, "")
STEP_MS = 200
WRONG_MS = 3_000
"""For longer than this nobody may see a wrong picture."""


def hurt(data: bytes, chance: random.Random) -> bytes:
    """Change, cut, double or drown a packet."""
    kind = chance.randrange(6)
    if kind == 0:
        place = chance.randrange(len(data))
        return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]
    if kind == 1:
        return data[: chance.randrange(len(data))]
    if kind == 2:
        return data + data[chance.randrange(len(data)) :]
    if kind == 3:
        return bytes(chance.randrange(256) for _ in range(chance.randrange(200)))
    if kind == 4:
        return data[chance.randrange(len(data)) :]
    return bytes(byte ^ int(chance.random() < 0.1) << chance.randrange(8) for byte in data)


Frame = tuple[Pixel, ...]
DARKNESS: Frame = (DARK,) * 8


@functools.cache
def frames(shown: Pattern) -> frozenset[Frame]:
    """Give all that eight pixels show of a pattern."""
    return frozenset(tuple(pixels_at(shown, at_ms, 8)) for at_ms in range(0, 12_000, 20))


def mutate(board: SimulatedBoard, count: int) -> None:
    """Send hurt packets of each kind; whatever comes, a whole packet afterwards is understood."""
    chance = random.Random(count)
    for number in range(0, count, 10):
        data = bytearray()
        for _ in range(10):
            kind = chance.choice((Kind.HELLO, Kind.SHOW, Kind.SHOW, Kind.HEARTBEAT, Kind.BUTTON_SEEN, Kind.ACK))
            payload = picture(chance.choice(PATTERNS)) if kind == Kind.SHOW else bytes(chance.randrange(4))
            data += hurt(encoded(Packet(kind, chance.randrange(256), payload)), chance)
        board.turn(1, bytes(data))
        if number % 100 == 0:
            wanted = chance.choice(PATTERNS)
            turn = board.turn(0, b"\0" + encoded(Packet(Kind.SHOW, 1, picture(wanted))))
            assert tuple(turn.pixels) in frames(wanted)
            assert turn.sent


class Life:
    """A box and its board: for how long at most, in milliseconds, a wrong picture was to be seen."""

    def __init__(self, board: SimulatedBoard) -> None:
        self.worst_ms = 0
        self.presses = 0
        self._board = board
        self._chance = random.Random(24)
        self._link = BoardLink(0.0)
        self._wanted = PATTERNS[0]
        self._now_ms = 0
        self._gone_ms = 0
        self._started_at_ms = -HOST_LOST_MS
        self._back_at_ms = 0
        self._wrong_ms = 0

    def go_on(self) -> None:
        """Let one step pass: anything may happen in it."""
        self._now_ms += STEP_MS
        if self._happens(1000):
            self._board.restart()
            self._started_at_ms = self._now_ms
        if self._happens(500):
            self._back_at_ms = self._now_ms + self._chance.randrange(20_000)
        if self._happens(50):
            self._wanted = self._chance.choice(PATTERNS)
        is_there = self._now_ms >= self._back_at_ms
        if is_there and (self._gone_ms or self._link.is_silent(self._now_ms / 1000)):
            self._link = BoardLink(self._now_ms / 1000)
        self._gone_ms = 0 if is_there else self._gone_ms + STEP_MS
        self._judge(self._talk(is_there=is_there))

    def _talk(self, *, is_there: bool) -> Frame:
        self._link.show(picture(self._wanted))
        sent = self._link.send(self._now_ms / 1000) if is_there else b""
        turn = self._board.turn(STEP_MS, self._on_the_way(sent), button=self._now_ms % 60_000 < 1_000)
        if is_there:
            news = self._link.receive(self._on_the_way(turn.sent), self._now_ms / 1000)
            self.presses += news.count(Pressed())
        return tuple(turn.pixels)

    def _judge(self, shown: Frame) -> None:
        right = set(frames(self._wanted)) if self._gone_ms < HOST_LOST_MS else set()
        right |= frames(LOST) if self._gone_ms else set()
        right |= frames(STARTING) if self._now_ms - self._started_at_ms <= HOST_LOST_MS else set()
        # Darkness is in many pictures: it is as right as what was seen before it.
        is_wrong = shown not in right or (shown == DARKNESS and self._wrong_ms > 0)
        self._wrong_ms = self._wrong_ms + STEP_MS if is_wrong else 0
        self.worst_ms = max(self.worst_ms, self._wrong_ms)

    def _on_the_way(self, data: bytes) -> bytes:
        return hurt(data, self._chance) if data and self._happens(10) else data

    def _happens(self, once_in: int) -> bool:
        return self._chance.randrange(once_in) == 0


def live(folder: Path, hours: float) -> Life:
    with simulated(folder) as board:
        life = Life(board)
        for _ in range(round(hours * 3_600_000 / STEP_MS)):
            life.go_on()
    return life


def test_hurt_packets_neither_hang_nor_confuse_the_board(tmp_path: Path) -> None:
    with simulated(tmp_path) as board:
        mutate(board, 3_000)


@pytest.mark.soak
def test_a_hundred_thousand_hurt_packets_neither_hang_nor_confuse_the_board(tmp_path: Path) -> None:
    with simulated(tmp_path) as board:
        mutate(board, 100_000)


def test_in_a_quarter_of_an_hour_of_accidents_nobody_sees_a_wrong_picture_for_longer_than_three_seconds(
    tmp_path: Path,
) -> None:
    life = live(tmp_path, 0.25)
    assert 0 < life.worst_ms <= WRONG_MS
    assert 8 <= life.presses <= 15


@pytest.mark.soak
def test_in_a_day_of_accidents_nobody_sees_a_wrong_picture_for_longer_than_three_seconds(tmp_path: Path) -> None:
    life = live(tmp_path, 24)
    assert 0 < life.worst_ms <= WRONG_MS
    assert 0.8 * 1440 < life.presses <= 1440
