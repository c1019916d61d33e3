"""What each pixel shows at a moment of a picture: the same as `appliance/indicator/animation.py` on the box.

Milliseconds are counted within each period, so that no number grows without end.
"""

import struct

SHAPE_PIXELS = 8
DARK = (0, 0, 0)


class Animation:
    """One picture, from the moment it came."""

    def __init__(self, picture: bytes) -> None:
        look, self.pixels, self.rest, period, self.lit_ms, mark, self.mark_pixels, mark_period, self.pulse_ms, _ = (
            struct.unpack("<3sBBHH3sBHHB", picture)
        )
        self.look = tuple(look)
        self.mark = tuple(mark)
        self.period_ms = period
        self.mark_period_ms = mark_period
        self.at_ms = 0
        self.mark_at_ms = 0

    def advance(self, elapsed_ms: int) -> None:
        """Let time pass."""
        if self.period_ms:
            self.at_ms = (self.at_ms + elapsed_ms) % self.period_ms
        if self.mark_period_ms:
            self.mark_at_ms = (self.mark_at_ms + elapsed_ms) % self.mark_period_ms

    def colours(self, count: int) -> list:
        """Give red, green and blue of each pixel now."""
        if self.mark_period_ms and self.mark_at_ms >= self.mark_period_ms - self.pulse_ms:
            return _stretched(self.mark_pixels, self.mark, count)
        lit = not self.period_ms or self.at_ms < self.lit_ms
        if count == 1:
            return [self.look if lit else DARK]
        return _stretched(self.pixels if lit else self.rest, self.look, count)


def _stretched(mask: int, colour: tuple, count: int) -> list:
    if count == 1:
        return [colour]
    return [colour if mask >> (pixel * SHAPE_PIXELS // count) & 1 else DARK for pixel in range(count)]
