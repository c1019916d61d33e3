"""Two mono cards as one line: blocks as cards with clocks of their own give them, and where their sound lies then."""

import heapq
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

from appliance.adapters.line import Step
from appliance.adapters.sound_card_audio import LineAudio
from appliance.adapters.sound_card_process import Block
from appliance.speech.frames import FRAME_SAMPLES, Frame, Lost, Side

RATE_HZ = 16_000
SIDES: tuple[Side, ...] = ("agent", "caller")
BLOCK = RATE_HZ // 10
CLICK_EVERY_S = 5
LATE_S = 0.015


class Simulated(NamedTuple):
    """A card that is so much slower than the box; both hear a click each five seconds, but where it is unplugged."""

    slower_ppm: float = 0.0
    begins_s: float = 0.0
    unplugged_s: tuple[float, float] = (0.0, 0.0)

    def blocks(self, card: int, seconds: float) -> Iterator[tuple[float, int, Block]]:
        random = np.random.default_rng(card)
        real_hz = RATE_HZ / (1 + self.slower_ppm / 1e6)
        for number in range(round((seconds - self.begins_s) * real_hz) // BLOCK):
            times = self.begins_s + (number * BLOCK + np.arange(BLOCK)) / real_hz
            if self.unplugged_s[0] <= times[-1] < self.unplugged_s[1]:
                continue
            since = times - 1 / real_hz
            clicks = (np.floor(times / CLICK_EVERY_S) != np.floor(since / CLICK_EVERY_S)) & (times > 1)
            arrived_s = float(times[-1]) + random.uniform(0, LATE_S)
            pcm = np.where(clicks, 20_000, 0).astype("<i2").tobytes()
            yield arrived_s, card, Block(500 + arrived_s, pcm, number == 0 or times[0] - 0.1 < self.unplugged_s[1])


def steps(cards: tuple[Simulated, Simulated], seconds: float) -> list[Step]:
    audio = LineAudio(2, SIDES, RATE_HZ)
    arriving = heapq.merge(*(simulated.blocks(card, seconds) for card, simulated in enumerate(cards)))
    return [step for _, card, block in arriving for step in audio.steps(card, block)]


def clicks(heard: list[Step], side: Side) -> list[int]:
    frames = [piece for step in heard for piece in step if isinstance(piece, Frame) and piece.side == side]
    signals = ((frame.sample, np.frombuffer(frame.pcm, "<i2")) for frame in frames)
    return [sample + int(signal.argmax()) for sample, signal in signals if signal.max(initial=0) > 5_000]


def test_two_cards_with_clocks_of_their_own_stay_together_and_with_the_box() -> None:
    heard = steps((Simulated(slower_ppm=250), Simulated(slower_ppm=-350, begins_s=0.7)), 300)
    near, far = clicks(heard, "agent"), clicks(heard, "caller")
    assert len(near) == len(far) == 59
    assert np.abs(np.subtract(near, far)).max() < 0.04 * RATE_HZ
    truth = CLICK_EVERY_S * RATE_HZ * np.arange(1, 60)
    for found in (near, far):
        assert np.abs(np.subtract(found, truth)).max() < 0.04 * RATE_HZ
        # Neither drifts: without steering one would be 75 ms early at the end, the other 105 ms late.
        assert (
            abs(np.mean(np.subtract(found[-10:], truth[-10:])) - np.mean(np.subtract(found[5:15], truth[5:15]))) < 160
        )


@pytest.mark.parametrize("card", [0, 1])
def test_while_one_card_is_away_the_other_goes_on_and_the_hole_is_declared_once(card: int) -> None:
    both = [Simulated(), Simulated(slower_ppm=100)]
    both[card] = both[card]._replace(unplugged_s=(7.0, 13.0))
    heard = steps((both[0], both[1]), 20)
    away, there = (SIDES[card], SIDES[1 - card])
    assert len(clicks(heard, there)) == 3
    assert len(clicks(heard, away)) == 2
    (lost,) = (piece for step in heard for piece in step if isinstance(piece, Lost) and piece.end_sample > RATE_HZ)
    assert (lost.side, lost.reason) == (away, "line_lost")
    assert lost.start_sample / RATE_HZ == pytest.approx(7, abs=0.15)
    assert lost.end_sample / RATE_HZ == pytest.approx(13, abs=0.15)
    for side in SIDES:
        at = 0
        for piece in (piece for step in heard for piece in step):
            if isinstance(piece, Frame | Lost) and piece.side == side:
                assert at == (piece.sample if isinstance(piece, Frame) else piece.start_sample)
                at = piece.end_sample if isinstance(piece, Lost) else at + FRAME_SAMPLES
        assert at > 19 * RATE_HZ


def test_a_card_that_is_half_a_second_behind_holds_the_line_up_no_longer() -> None:
    audio = LineAudio(2, SIDES, RATE_HZ)
    arriving = Simulated().blocks(0, 3)
    counts = [len(list(audio.steps(card, block))) for _, card, block in arriving]
    assert sum(counts[:5]) == 0
    assert sum(counts) >= 2.4 * 50
