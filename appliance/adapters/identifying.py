"""Letting the light say for a while "this is the box"."""

import asyncio
from collections.abc import Callable
from typing import Final

IDENTIFY_S: Final = 10.0
"""Long enough to look around for the box that blinks."""


class Identifying:
    """Whether somebody asks which box this is; `on_change` is called when that begins and when it ends."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.is_on = False
        self._on_change = on_change
        self._end: asyncio.TimerHandle | None = None

    def begin(self, seconds: float = IDENTIFY_S) -> None:
        """Blink from now on for so long, in the event loop; asked again, so long from then."""
        if self._end:
            self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(seconds, self._set, False)  # noqa: FBT003 - off
        self._set(True)  # noqa: FBT003 - on

    def _set(self, is_on: bool) -> None:  # noqa: FBT001 - on or off
        self.is_on = is_on
        self._on_change()
