"""How far the training is, and how long it will take."""

import time
from collections.abc import Callable
from typing import Final, TextIO

EVERY_S: Final = 10.0
SETTLE_S: Final = 5.0
"""No estimate before: the first steps are slower than the others."""


class Progress:
    """Writes a line now and then: what is being done, how much of it, and the time left for it."""

    def __init__(self, out: TextIO, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._monotonic_s = monotonic_s
        self._doing = ""
        self._began_s = self._due_s = monotonic_s()
        self._began_at = 0

    def tell(self, doing: str, done: int, total: int) -> None:
        """Take note of the progress; a new thing to do begins with its first number."""
        now_s = self._monotonic_s()
        if doing != self._doing or done < self._began_at:
            self._doing, self._began_s, self._began_at, self._due_s = doing, now_s, done, now_s + EVERY_S
            if done == total:
                self._write(doing)
            return
        if now_s >= self._due_s or done == total:
            self._due_s = now_s + EVERY_S
            self._write(f"{doing}: {done} of {total}{self._left(now_s - self._began_s, done, total)}")

    def _write(self, line: str) -> None:
        self._out.write(f"{line}\n")
        self._out.flush()

    def _left(self, spent_s: float, done: int, total: int) -> str:
        if spent_s < SETTLE_S or done in (self._began_at, total):
            return ""
        left_s = spent_s * (total - done) / (done - self._began_at)
        return f", about {left_s / 60:.0f} min left" if left_s >= 90 else f", about {left_s:.0f} s left"
