"""Two sound cards as one line: each card's clock goes at its own rate, the line has but one.

A card's samples say how much it has heard, the capture clock (`capture_clock`) says until when that was by the box's
clock. What lies between the two is the error; it is worked off by giving one sample more or one less than came, spread
over a whole block, so slowly that nobody hears it. A card whose clock is off by 100 ppm is then 3 ms off for ever.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from appliance.events import SAMPLE_RATE_HZ

WORKED_OFF_S: Final = 30.0
"""In which an error would be gone at its first pace: the times of arrival are uncertain by milliseconds, and must not
be followed faster than clocks drift."""

ASTRAY: Final = SAMPLE_RATE_HZ * 30 // 1000
"""Farther off than any drift leaves it: the first blocks came late, or the box's clock has jumped. Then the card is
placed anew."""


class Steering:
    """One card, between two holes."""

    def __init__(self, rate_hz: int) -> None:
        self._ratio = SAMPLE_RATE_HZ / rate_hz
        self._at = 0.0
        self._owed = 0.0

    def begin(self, at: int) -> None:
        """Take that the next sample that is received lies at this position of the line."""
        self._at, self._owed = float(at), 0.0

    def is_astray(self, heard_at: float) -> bool:
        """Say whether the card, whose next block begins there by the box's clock, must be placed anew."""
        return abs(heard_at - self._at) > ASTRAY

    def steered(self, block: NDArray[np.int16], heard_at: float) -> NDArray[np.int16]:
        """Give the block, which begins there by the box's clock, with one sample more or less where that is due."""
        self._owed += (heard_at - self._at) * len(block) / SAMPLE_RATE_HZ / WORKED_OFF_S
        if abs(self._owed) < 1 or len(block) < 2:
            return block
        by = 1 if self._owed > 0 else -1
        self._owed -= by
        return stretched(block, len(block) + by)

    def receive(self, count: int) -> None:
        """Take that so many samples of the card were passed on."""
        self._at += count * self._ratio


def stretched(block: NDArray[np.int16], length: int) -> NDArray[np.int16]:
    """Give the block in another length, its channels in columns; the first and the last sample stay."""
    places = np.linspace(0, len(block) - 1, length)
    channels = [np.interp(places, np.arange(len(block)), channel) for channel in block.T]
    longer: NDArray[np.int16] = np.rint(np.stack(channels, axis=1)).astype(np.int16)
    return longer
