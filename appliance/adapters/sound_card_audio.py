"""What a sound card gives as the steps of a line: at the box's rate, with positions, and its holes declared."""

from collections.abc import Iterator

import numpy as np
import soxr

from appliance.adapters.line import Step
from appliance.adapters.sound_card_process import QUIET_S, Block
from appliance.events import SAMPLE_RATE_HZ, LineGap
from appliance.line_settings import SoundCardSettings
from appliance.speech.frames import FRAME_SAMPLES, Frame, Lost, samples
from appliance.telephony.capture_clock import CaptureClock


class CardAudio:
    """Blocks of the card in, steps at the box's rate out; positions count from the first block."""

    def __init__(self, settings: SoundCardSettings) -> None:
        self._settings = settings
        self._clock = CaptureClock(settings.rate_hz)
        self._pending = np.empty((0, len(settings.sides)), np.int16)
        self._sample = 0
        self._begin()

    def steps(self, block: Block) -> Iterator[Step]:
        """Take the next block; gives the frames that are whole with it."""
        channels = len(self._settings.sides)
        audio = np.frombuffer(block.pcm, "<i2").reshape(-1, channels)
        lost = self._clock.receive_block(block.arrived_s, len(audio), broken=block.broken)
        if lost:
            yield self._hole(self._clock.count - len(audio))
        heard = self._resampler.resample_chunk(audio.astype(np.float32)) if self._resampler else audio
        self._pending = np.concatenate((self._pending, np.rint(heard).clip(-32768, 32767).astype(np.int16)))
        while len(self._pending) >= FRAME_SAMPLES:
            whole, self._pending = self._pending[:FRAME_SAMPLES], self._pending[FRAME_SAMPLES:]
            yield tuple(
                Frame(side, self._sample, whole[:, channel].tobytes())
                for channel, side in enumerate(self._settings.sides)
            )
            self._sample += FRAME_SAMPLES

    def _hole(self, until_count: int) -> Step:
        """Declare what is missing, with what was not enough for a frame before it."""
        start, end = self._sample, round(until_count * SAMPLE_RATE_HZ / self._settings.rate_hz)
        self._sample = max(start, end)
        self._begin()
        reason: LineGap = "line_lost" if self._sample - start >= samples(1000 * QUIET_S) else "line_overrun"
        return tuple(Lost(side, start, self._sample, reason) for side in self._settings.sides)

    def _begin(self) -> None:
        rate_hz, channels = self._settings.rate_hz, len(self._settings.sides)
        same = rate_hz == SAMPLE_RATE_HZ
        self._resampler = None if same else soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, channels, dtype="float32")
        self._pending = self._pending[:0]
