"""Comfort noise: what a silence sounds like (RFC 3389): a level, and the shape of its spectrum."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

FULL_SCALE_RMS: Final = 32_767 / 2**0.5
"""0 dBov is what a full sine has; the level in the packet is the number of decibels below it."""

SEED: Final = 3389
"""The same call gives the same noise."""

MOST_ORDER: Final = 12
"""More coefficients than any encoder sends are passed over."""


class ComfortNoise:
    """The noise that the far end's last packet of comfort noise described; silence before there was one."""

    def __init__(self) -> None:
        self._chance = np.random.default_rng(SEED)
        self._rms = 0.0
        self._filter = np.ones(1)
        self._past = np.zeros(0)

    def describe(self, payload: bytes) -> None:
        """Take what a packet says: a level, then reflection coefficients, none for white noise."""
        if not payload:
            return
        self._rms = FULL_SCALE_RMS * 10 ** (-(payload[0] & 0x7F) / 20)
        reflections = [min(258 * (byte - 127) / 32_768, 0.999) for byte in payload[1 : 1 + MOST_ORDER]]
        self._filter = _impulse_response(reflections)
        self._past = np.zeros(len(self._filter) - 1)

    def make(self, samples: int) -> NDArray[np.float32]:
        """Give the next samples of it."""
        if not self._rms:
            return np.zeros(samples, np.float32)
        white = np.concatenate((self._past, self._chance.standard_normal(samples)))
        self._past = white[len(white) - len(self._past) :]
        shaped = np.convolve(white, self._filter, "valid")
        return (shaped * self._rms).clip(-32768, 32767).astype(np.float32)


RESPONSE_SAMPLES: Final = 64
"""Noise of a room has no sharp resonance: its filter has died away by then."""


def _impulse_response(reflections: list[float]) -> NDArray[np.float64]:
    """Give the all-pole filter's response, with unit power, from reflection coefficients (Levinson's step-up)."""
    predictor = np.zeros(0)
    for reflection in reflections:
        predictor = np.concatenate((predictor + reflection * predictor[::-1], [reflection]))
    response = np.zeros(RESPONSE_SAMPLES if reflections else 1)
    response[0] = 1
    for at in range(1, len(response)):
        reach = min(at, len(predictor))
        response[at] = -(predictor[:reach] @ response[at - reach : at][::-1])
    return np.asarray(response / np.sqrt((response**2).sum()))
