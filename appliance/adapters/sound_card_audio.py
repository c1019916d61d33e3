"""What a sound card gives as the steps of a line: at the box's rate, with positions, and its holes declared."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from appliance.adapters.line import Step
from appliance.adapters.sound_card_process import QUIET_S, Block
from appliance.events import SAMPLE_RATE_HZ, LineGap
from appliance.speech.frames import FRAME_BYTES, FRAME_SAMPLES, Frame, Lost, Side, Withheld, samples
from appliance.telephony.capture_clock import CaptureClock
from appliance.telephony.card_steering import Steering

MOST_LATE: Final = samples(1000 * QUIET_S)
"""By which one card may be behind another before the line goes on without it: then it is taken for lost."""


class CardAudio:
    """Blocks of a card in, steps at the box's rate out.

    Positions count the card's own samples from the first block. With `zero_s` they follow the box's clock from that
    monotonic time instead: so two cards with clocks of their own make one line (see `telephony.card_steering`).
    A frame's position is always a multiple of `FRAME_SAMPLES`.
    """

    def __init__(self, sides: tuple[Side, ...], rate_hz: int, zero_s: float | None = None) -> None:
        self._sides = sides
        self._rate_hz = rate_hz
        self._zero_s = zero_s
        self._clock = CaptureClock(rate_hz)
        self._steering = Steering(rate_hz)
        self._sample = 0
        self._skip = 0
        self._began = False
        self._is_withheld = False
        self._resampler: soxr.ResampleStream | None = None
        self._pending = np.empty((len(sides), 0), np.int16)

    @property
    def drift_ppm(self) -> float:
        """Give by how much the card is slower than the box's clock; 0 in the first minute."""
        return self._clock.drift_ppm

    def steps(self, block: Block) -> Iterator[Step]:
        """Take the next block; gives the frames that are whole with it."""
        audio = np.frombuffer(block.pcm, "<i2").reshape(-1, len(self._sides))
        lost = self._clock.receive_block(block.arrived_s, len(audio), broken=block.broken)
        heard_at = self._heard_until() - len(audio) * SAMPLE_RATE_HZ / self._rate_hz
        if lost or not self._began or (self._zero_s is not None and self._steering.is_astray(heard_at)):
            hole = self._begin(heard_at)
            if hole:
                yield hole
        elif self._zero_s is not None:
            audio = self._steering.steered(audio, heard_at)
        self._receive(audio)
        whole = self._pending.shape[1] // FRAME_SAMPLES * FRAME_SAMPLES
        heard, self._pending = [channel.tobytes() for channel in self._pending[:, :whole]], self._pending[:, whole:]
        for at in range(0, 2 * whole, FRAME_BYTES):
            sample = self._sample
            yield tuple(
                Frame(side, sample, pcm[at : at + FRAME_BYTES]) for side, pcm in zip(self._sides, heard, strict=True)
            )
            self._sample += FRAME_SAMPLES

    def position_at(self, now_s: float) -> int:
        """Give the position that the card must have come to by this monotonic time, whoever reads it."""
        if self._zero_s is None:
            return _next_frame(self._clock.count_at(now_s) * SAMPLE_RATE_HZ / self._rate_hz)
        return _next_frame((now_s - self._zero_s) * SAMPLE_RATE_HZ)

    def withhold(self, until_sample: int) -> Step:
        """Take that nothing is captured up to this position, by wish; audio that follows may leave a hole."""
        start, self._sample = self._sample, max(self._sample, until_sample)
        self._began, self._is_withheld = False, True
        self._pending = self._pending[:, :0]
        return self._hole(start)

    def _hole(self, start: int) -> Step:
        """Declare what lies between a position and the next frame's."""
        end = self._sample
        if end <= start:
            return ()
        if self._is_withheld:
            return tuple(Withheld(side, start, end, "muted") for side in self._sides)
        reason: LineGap = "line_lost" if end - start >= samples(1000 * QUIET_S) else "line_overrun"
        return tuple(Lost(side, start, end, reason) for side in self._sides)

    def _heard_until(self) -> float:
        """Give the position behind the newest sample."""
        if self._zero_s is None:
            return self._clock.count * SAMPLE_RATE_HZ / self._rate_hz
        return (self._clock.heard_s - self._zero_s) * SAMPLE_RATE_HZ

    def _begin(self, at: float) -> Step:
        """Go on at a position, or at the next that a frame may have; gives the hole that this leaves."""
        start, end = self._sample, max(self._sample, _next_frame(at))
        self._skip = round((end - at) * self._rate_hz / SAMPLE_RATE_HZ)
        self._sample, self._began = end, True
        self._steering.begin(end)
        same = self._rate_hz == SAMPLE_RATE_HZ
        channels = len(self._sides)
        self._resampler = (
            None if same else soxr.ResampleStream(self._rate_hz, SAMPLE_RATE_HZ, channels, dtype="float32")
        )
        self._pending = self._pending[:, :0]
        hole = self._hole(start)
        self._is_withheld = False
        return hole

    def _receive(self, audio: NDArray[np.int16]) -> None:
        skipped, self._skip = min(self._skip, len(audio)), max(0, self._skip - len(audio))
        kept = audio[skipped:]
        self._steering.receive(len(kept))
        if self._resampler:
            heard = self._resampler.resample_chunk(kept.astype(np.float32))
            kept = np.rint(heard, out=heard).clip(-32768, 32767, out=heard).astype(np.int16)
        self._pending = np.concatenate((self._pending, kept.T), axis=1)


class LineAudio:
    """The cards of a line, one or two of them: blocks in, the steps of the line out."""

    def __init__(self, cards: int, sides: tuple[Side, ...], rate_hz: int) -> None:
        self._sides = [sides] if cards == 1 else [(side,) for side in sides]
        self._rate_hz = rate_hz
        self._audio: dict[int, CardAudio] = {}
        self._zero_s: float | None = None
        self._waiting: dict[int, list[Step]] = {number: [] for number in range(cards)}

    def drift_ppm(self, card: int) -> float:
        """Give by how much a card is slower than the box's clock; 0 in the first minute."""
        return self._audio[card].drift_ppm if card in self._audio else 0.0

    def steps(self, card: int, block: Block) -> Iterator[Step]:
        """Take the next block of a card; gives the steps that are whole with it."""
        if len(self._sides) == 1:
            yield from self._of(card, block).steps(block)
            return
        self._waiting[card] += self._of(card, block).steps(block)
        yield from self._joined()

    def withhold(self, until_s: float) -> Iterator[Step]:
        """Take that nothing is captured until this monotonic time, by wish; gives what waits, and then that time."""
        for waiting in self._waiting.values():
            yield from waiting
            waiting.clear()
        until = max((audio.position_at(until_s) for audio in self._audio.values()), default=0)
        if step := tuple(piece for audio in self._audio.values() for piece in audio.withhold(until)):
            yield step

    def _of(self, card: int, block: Block) -> CardAudio:
        if card not in self._audio:
            if len(self._sides) > 1 and self._zero_s is None:
                self._zero_s = block.arrived_s - len(block.pcm) / 2 / self._rate_hz
            self._audio[card] = CardAudio(self._sides[card], self._rate_hz, self._zero_s)
        return self._audio[card]

    def _joined(self) -> Iterator[Step]:
        """Give what all cards have, and what one has while another is late; each side stays in its order."""
        while any(self._waiting.values()):
            heads = {card: _until(steps[0]) for card, steps in self._waiting.items() if steps}
            first = min(heads.values())
            newest = max(_until(steps[-1]) for steps in self._waiting.values() if steps)
            if len(heads) < len(self._waiting) and newest - first < MOST_LATE:
                return
            yield tuple(
                piece for card, until in heads.items() if until == first for piece in self._waiting[card].pop(0)
            )


def _next_frame(at: float) -> int:
    return -(-round(at) // FRAME_SAMPLES) * FRAME_SAMPLES


def _until(step: Step) -> int:
    piece = step[0]
    return piece.sample + FRAME_SAMPLES if isinstance(piece, Frame) else piece.end_sample
