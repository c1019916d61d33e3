"""Whether a line may be captured, and whether it is: the wish and the truth of mute, kept apart.

Whatever can give sound of the line (a process that reads a card, the sockets of a call, the reader of a file) is a
source. It says `opened` before it can, and `closed` once it cannot any more; what the light shows of mute stands on
that, and not on the wish.
"""

import asyncio
from collections.abc import Callable, Hashable


class Capture:
    """Of one line. All calls are made in the loop; `on_change` is called when `captures` or `muted` has changed."""

    def __init__(self) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._sources: dict[Hashable, Callable[[], None]] = {}
        self._is_muted = False
        self._unmuted = asyncio.Event()
        self._unmuted.set()

    def muted(self) -> bool:
        """Say whether nothing may be captured. Who reads sockets or files looks here before each read."""
        return self._is_muted

    def captures(self) -> bool:
        """Say whether anything can still give sound."""
        return bool(self._sources)

    def mute(self) -> None:
        """Capture nothing from now on: each source is stopped here and now, or looks before its next read."""
        self._is_muted = True
        self._unmuted.clear()
        for stop in tuple(self._sources.values()):
            stop()
        self.on_change()

    def unmute(self) -> None:
        """Let sources open again."""
        self._is_muted = False
        self._unmuted.set()
        self.on_change()

    async def wait_unmuted(self, timeout_s: float) -> None:
        """Wait until the line may be captured, but no longer than this."""
        try:
            await asyncio.wait_for(self._unmuted.wait(), timeout_s)
        except TimeoutError:
            return

    def opened(self, source: Hashable, stop: Callable[[], None] = lambda: None) -> None:
        """Take that a source can give sound; `stop` is called at once when it must not, and must not wait."""
        if source in self._sources:
            return
        self._sources[source] = stop
        if self._is_muted:
            stop()
        self.on_change()

    def closed(self, source: Hashable) -> None:
        """Take that a source gives no sound any more."""
        if self._sources.pop(source, None):
            self.on_change()
