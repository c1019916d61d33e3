"""The mute as whoever presses a button gets it: capture stops at once, and the latch is written behind it.

A button, a key and a signal call `toggle`. To mute takes effect before `toggle` returns. It is shown when the line says
that nothing is captured and the latch is safe on disk, or cannot be written, which is a fault of its own. To unmute the
latch goes first: where it cannot be taken away the box stays muted.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from appliance.adapters.capture import Capture
from appliance.adapters.mute_latch import clear_latch, is_latched, set_latch

log = logging.getLogger(__name__)

LATCH_S: Final = 2.0
"""For the disk to take the latch: a card that cleans up may need a second; what takes longer is told as a fault."""


class MuteSwitch:
    """Of one box; `on_change` is called in the loop whenever `is_muted` or `is_failing` may have changed.

    A box that was muted when it last ran is muted from the beginning, before its line has opened anything.
    """

    def __init__(self, capture: Capture, folder: Path, on_change: Callable[[], None]) -> None:
        self.is_failing = False
        """The latch could not be written or taken away: a restart would not find what the light shows."""
        self._capture = capture
        self._folder = folder
        self._on_change = on_change
        self._wanted = self._is_settled = is_latched(folder)
        self._pressed = asyncio.Event()
        if self._wanted:
            capture.mute()
            log.warning("event=muted latched=yes")
        capture.on_change = on_change

    @property
    def is_muted(self) -> bool:
        """Whether nothing is captured, as the line itself says, and stays so until somebody unmutes the box here."""
        return self._is_settled and self._capture.muted() and not self._capture.captures()

    def toggle(self) -> None:
        """Mute the box, or unmute it."""
        self._wanted = not self._wanted
        if self._wanted:
            self._is_settled = False
            self._capture.mute()
        self._pressed.set()

    async def run(self) -> None:
        """Keep the latch as the switch is, until cancelled."""
        while True:
            await self._pressed.wait()
            self._pressed.clear()
            await self._settle(wanted=self._wanted)

    async def finish(self) -> None:
        """Write what was pressed last, as the device stops."""
        if self._pressed.is_set():
            self._pressed.clear()
            await self._settle(wanted=self._wanted)

    async def _settle(self, *, wanted: bool) -> None:
        # In a thread: a card may take its time, and the light and the calls must not wait for it.
        writing = asyncio.create_task(asyncio.to_thread(set_latch if wanted else clear_latch, self._folder))
        await asyncio.wait((writing,), timeout=LATCH_S)
        if not writing.done():
            self._note(wanted=wanted, trouble="the disk does not answer")
        try:
            await writing
        except OSError as error:
            self._note(wanted=wanted, trouble=error.strerror or type(error).__name__)
            if not wanted and not self._pressed.is_set():
                self._wanted = True
        else:
            self._note(wanted=wanted, trouble="")

    def _note(self, *, wanted: bool, trouble: str) -> None:
        """Take how it went; what has been pressed again meanwhile is settled next."""
        self.is_failing = bool(trouble)
        if trouble:
            log.error("event=mute_not_saved wanted=%s error=%r", "muted" if wanted else "unmuted", trouble)
        if wanted:
            self._is_settled = True
        elif not trouble and not self._wanted:
            self._is_settled = False
            self._capture.unmute()
        log.warning("event=%s", "muted" if self._capture.muted() else "unmuted")
        self._on_change()
