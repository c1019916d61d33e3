"""Whether a box is too busy for another call, by how late its own clock's ticks come."""

from typing import Final

LATE_S: Final = 0.1
"""A tick this late waited behind other work: half of a voice's packets for that time wait too."""

LATE_TICKS: Final = 5
"""One after the other: a box that was held up once is not busy."""

RELIEF_TICKS: Final = 50
"""In time, one after the other, before another call is taken; at a fifth of a second ten seconds."""


class Load:
    """Takes each tick's lateness."""

    def __init__(self) -> None:
        self._late = 0
        self._relief = 0

    def is_behind(self, late_s: float) -> bool:
        """Take how late a tick came, and say whether the box is behind."""
        if late_s > LATE_S:
            self._late += 1
            if self._late >= LATE_TICKS:
                self._relief = RELIEF_TICKS
        else:
            self._late = 0
            self._relief = max(0, self._relief - 1)
        return self._relief > 0
