"""Lamps whose pixels we set ourselves, many times a second: what they have in common."""

import time
from collections.abc import Callable
from typing import Final

from appliance.indicator.animation import Pixel, pixels_at
from appliance.indicator.looks import Pattern

STEP_S: Final = 0.02
"""Fine enough for a mark of 120 ms."""
REFRESH_S: Final = 1.0
"""What does not change is written again, so that a lamp that was unplugged is missed."""


class PixelLamp:
    """`count` pixels that `write` sets; see `Lamp`."""

    def __init__(self, count: int, write: Callable[[list[Pixel]], None], close: Callable[[], None]) -> None:
        self._count = count
        self._write = write
        self._close = close
        self._shown: list[Pixel] = []
        self._written_at_s = 0.0

    def turn(self, pattern: Pattern, elapsed_ms: int) -> float:
        """See `Lamp`."""
        pixels, now_s = pixels_at(pattern, elapsed_ms, self._count), time.monotonic()
        if pixels != self._shown or now_s - self._written_at_s >= REFRESH_S:
            self._write(pixels)
            self._shown, self._written_at_s = pixels, now_s
        return STEP_S if pattern.mark or pattern.look.blink_period_ms else REFRESH_S

    def fileno(self) -> None:
        """See `Lamp`: it never says anything."""
        return

    def close(self) -> None:
        """See `Lamp`."""
        self._close()
