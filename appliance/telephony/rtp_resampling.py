"""From a codec's rate to the rate of media time, block by block and sample for sample.

A windowed-sinc filter, polyphase, with its memory: a block of n samples gives exactly n · 16000 / rate, always, so that
a position stays a position. The sound comes `DELAY_SAMPLES` late at most (1.5 ms), which nobody has to know of.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from appliance.events import SAMPLE_RATE_HZ
from appliance.telephony.codecs import Samples

DELAY_SAMPLES: Final = 24
"""Half the filter's length at the higher of the rates 8 and 16 kHz."""

STOPBAND_DB: Final = 70
"""Images of a telephone's voice stay below the noise of G.711 (about 38 dB below it)."""


class Resampler:
    """Brings 8 kHz, 16 kHz or 48 kHz to 16 kHz."""

    def __init__(self, rate_hz: int) -> None:
        if rate_hz not in (8_000, 16_000, 48_000):
            raise ValueError(f"no filter for {rate_hz} Hz")
        self._rate_hz = rate_hz
        self._kernel = _kernel(rate_hz)
        self._past = np.zeros(len(self._kernel) - 1, np.float32)

    def resample(self, samples: Samples) -> NDArray[np.float32]:
        """Give the next samples at 16 kHz, in the range of 16-bit ones."""
        block = samples.astype(np.float32)
        if self._rate_hz == SAMPLE_RATE_HZ:
            return block
        if self._rate_hz < SAMPLE_RATE_HZ:
            spread = np.zeros(len(block) * 2, np.float32)
            spread[::2] = block * 2
            return self._filtered(spread)
        return self._filtered(block)[:: self._rate_hz // SAMPLE_RATE_HZ]

    def _filtered(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        whole = np.concatenate((self._past, block))
        self._past = whole[len(whole) - len(self._past) :]
        return np.convolve(whole, self._kernel, "valid")


def _kernel(rate_hz: int) -> NDArray[np.float32]:
    """Give the low-pass filter at the higher of the two rates; its stop band begins where the lower one ends."""
    if rate_hz == SAMPLE_RATE_HZ:
        return np.ones(1, np.float32)
    higher_hz, lower_hz = max(rate_hz, SAMPLE_RATE_HZ), min(rate_hz, SAMPLE_RATE_HZ)
    half = DELAY_SAMPLES * higher_hz // SAMPLE_RATE_HZ
    at = np.arange(-half, half + 1)
    cutoff = 0.92 * lower_hz / higher_hz
    shape = np.sinc(at * cutoff) * np.kaiser(len(at), 0.1102 * (STOPBAND_DB - 8.7))
    return np.asarray(shape / shape.sum(), np.float32)
