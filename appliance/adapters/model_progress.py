"""How far a download is: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

BAR_WIDTH = 30
BAR_EVERY_S = 0.1  # smooth to the eye, no load on a slow serial console
LINE_EVERY_S = 10.0  # a log stays readable

MEBIBYTE = 1024 * 1024


class Progress:
    """Shows the progress of one download on stderr."""

    def __init__(
        self, label: str, *, out: TextIO | None = None, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._label = label
        self._out = out or sys.stderr
        self._monotonic_s = monotonic_s
        self._bar = self._out.isatty()
        self._due_s = monotonic_s() + (0.0 if self._bar else LINE_EVERY_S)

    def show(self, done_bytes: int, total_bytes: int | None) -> None:
        """Show that so much is there, unless the last showing was a moment ago."""
        now_s = self._monotonic_s()
        if now_s < self._due_s:
            return
        self._due_s = now_s + (BAR_EVERY_S if self._bar else LINE_EVERY_S)
        self._write(done_bytes, total_bytes)

    def finish(self, done_bytes: int) -> None:
        """Show the last state and end the line."""
        self._write(done_bytes, done_bytes)
        if self._bar:
            self._out.write("\n")
            self._out.flush()

    def _write(self, done_bytes: int, total_bytes: int | None) -> None:
        text = describe(done_bytes, total_bytes)
        if self._bar:
            share = min(done_bytes / total_bytes, 1.0) if total_bytes else 0.0
            filled = round(share * BAR_WIDTH)
            self._out.write(f"\r{self._label} [{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {text}\x1b[K")
        else:
            self._out.write(f"{self._label}: {text}\n")
        self._out.flush()


def describe(done_bytes: int, total_bytes: int | None) -> str:
    """Say it in words: "12.0 of 39.3 MiB (30 %)"."""
    if not total_bytes:
        return f"{done_bytes / MEBIBYTE:.1f} MiB"
    percent = 100 * done_bytes // total_bytes
    return f"{done_bytes / MEBIBYTE:.1f} of {total_bytes / MEBIBYTE:.1f} MiB ({percent} %)"
