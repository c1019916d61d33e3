"""The positions of what a sound card gives, by counting samples and never by its word that none were lost.

A card gives its samples at its own rate; a block is read a little after its last sample, by how much depends on who
else wants the processor. So of all blocks of a second the least late tells where the card is: when even that one has
come later than the samples can tell, audio is missing. What is slower than that is the drift of the card's clock
against the box's, which is measured and moves no position.
"""

from collections import deque
from typing import Final

WINDOW_S: Final = 1.0
JUMP_S: Final = 0.06
"""No scheduler of a box in use delays every block of a second by so much, and no clock drifts so far in one."""

LEAST_HOLE_S: Final = 0.01
"""Where PortAudio says that it lost audio: less than this cannot be told from a late block."""

DRIFT: Final = 500e-6
"""How far the clock of a card may be off: crystals are within 100 ppm, cheap ones within 300."""


class CaptureClock:
    """One card. `count` is the position behind the newest block, in samples of the card since it began."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self.count = 0
        self._began_s: float | None = None
        self._first_s = self._last_s = 0.0
        self._drifted_s = 0.0
        self._begins_s = deque[tuple[float, float]]()
        """Of the newest blocks: when each came, and when the card would have begun had it come at once. Only those
        that no later one undercuts, so that the first is the least late."""
        self._window_from_s = 0.0

    @property
    def drift_ppm(self) -> float:
        """Give by how much the card is slower than the box's clock; 0 in the first minute, when nobody can tell."""
        lasted_s = self._last_s - self._first_s
        return 1e6 * self._drifted_s / lasted_s if lasted_s >= 60 else 0.0

    @property
    def heard_s(self) -> float:
        """Give when the newest sample was heard, by the box's clock, as far as the times of arrival tell."""
        return self._origin_s + self.count / self._rate_hz

    def count_at(self, now_s: float) -> int:
        """Give how far the card must have come by this monotonic time, whether or not anybody has read it."""
        if self._began_s is None:
            return self.count
        return max(self.count, round((now_s - self._began_s) * self._rate_hz))

    def receive_block(self, arrived_s: float, samples: int, *, broken: bool = False) -> int:
        """Take the next block, read at this monotonic time; gives how many samples are missing before it.

        `broken`: the card says that it lost audio here, or it has been started again.
        """
        heard_s = (self.count + samples) / self._rate_hz
        began_s = arrived_s - heard_s
        if self._began_s is None:
            self._began_s = began_s
            self._first_s = self._last_s = arrived_s
        lost = self._lost(began_s, arrived_s, broken=broken)
        self.count += lost + samples
        self._follow(arrived_s)
        return lost

    def _lost(self, began_s: float, arrived_s: float, *, broken: bool) -> int:
        if broken:
            hole_s = began_s - self._origin_s
            hole_s = hole_s if hole_s >= LEAST_HOLE_S else 0.0
        else:
            self._note(arrived_s, began_s)
            full = arrived_s - self._window_from_s > WINDOW_S
            hole_s = self._least_late_s() if full and self._least_late_s() > JUMP_S else 0.0
        if hole_s:
            self._begins_s.clear()
        return round(hole_s * self._rate_hz)

    def _note(self, arrived_s: float, began_s: float) -> None:
        if not self._begins_s:
            self._window_from_s = arrived_s
        while self._begins_s and self._begins_s[-1][1] >= began_s:
            self._begins_s.pop()
        self._begins_s.append((arrived_s, began_s))
        while self._begins_s[0][0] < arrived_s - WINDOW_S:
            self._begins_s.popleft()

    def _follow(self, arrived_s: float) -> None:
        """Move the beginning with the drift: back at once, when a block came earlier than any; forth slowly."""
        elapsed_s, self._last_s = arrived_s - self._last_s, arrived_s
        late_s = self._least_late_s()
        by_s = late_s if late_s < 0 else min(late_s, DRIFT * max(0.0, elapsed_s))
        self._began_s = self._origin_s + by_s
        if arrived_s - self._first_s > WINDOW_S:
            self._drifted_s += by_s

    @property
    def _origin_s(self) -> float:
        return self._began_s or 0.0

    def _least_late_s(self) -> float:
        """Give how late the least late of the newest blocks was, by its samples."""
        return self._begins_s[0][1] - self._origin_s if self._begins_s else 0.0
