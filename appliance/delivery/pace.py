"""How fast messages may follow each other: a bucket of tokens."""

from typing import Final

BURST_S: Final = 0.25
"""What may be saved up: a chunk of a backlog leaves at once, and still no second has more than a quarter too many."""


class Pace:
    """At most `per_s` messages a second, with a burst of `BURST_S`; 0 is no limit. Times are monotonic seconds."""

    def __init__(self, per_s: float = 0.0) -> None:
        self._per_s = per_s
        self._most = max(1.0, per_s * BURST_S)
        self._saved = self._most
        self._at_s: float | None = None

    @property
    def burst(self) -> int:
        """How many may go out at once after a rest; with no limit, more than anybody sends."""
        return int(self._most) if self._per_s else 2**31

    def wait_s(self, now_s: float) -> float:
        """Give how long to wait before the next message; 0.0 when it may go now."""
        if not self._per_s:
            return 0.0
        if self._at_s is not None:
            self._saved = min(self._most, self._saved + max(0.0, now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        return max(0.0, (1.0 - self._saved) / self._per_s)

    def spend(self) -> None:
        """Take that a message goes out."""
        if self._per_s:
            self._saved -= 1.0
