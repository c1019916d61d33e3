"""A light that may be unplugged, in a thread of its own: newest pattern wins, and nobody waits for it."""

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Final

from appliance.adapters.light import Lamp, LightError
from appliance.indicator.looks import Pattern, dimmed
from appliance.indicator.night import Dimming

RETRY_S: Final = 0.5
"""A lamp that is plugged in again lights up within 2 s: its port takes about one to appear."""
STOP_S: Final = 1.0
"""A thread that hangs in a driver must not hold the device's end back."""

Trouble = LightError | None
"""Why the lamp cannot be used; None: it can."""


class LightThread:
    """Shows the newest pattern on a lamp, and looks for the lamp as long as it is gone."""

    def __init__(
        self, name: str, connect: Callable[[], Lamp], dimming: Dimming, on_trouble: Callable[[str, Trouble], None]
    ) -> None:
        self.name = name
        self._connect = connect
        self._dimming = dimming
        self._on_trouble = on_trouble
        self._told: str | None = None
        self._wanted: tuple[Pattern, float] | None = None
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=f"light-{name}", daemon=True)

    def start(self) -> None:
        """Begin to look for the lamp."""
        self._thread.start()

    def show(self, pattern: Pattern) -> None:
        """See `Light`; returns at once."""
        self._wanted = (pattern, time.monotonic())
        if not self._ended:
            self._wake()

    def stop(self) -> None:
        """Let go of the lamp; a second time nothing happens."""
        if self._ended:
            return
        self._ended = True
        self._wake()
        self._thread.join(STOP_S)
        if not self._thread.is_alive():
            os.close(self._reader)
            os.close(self._writer)

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # the pipe is full of calls to wake up
            os.write(self._writer, b"\0")

    def _run(self) -> None:
        while not self._ended:
            try:
                lamp = self._connect()
            except (LightError, OSError) as error:
                self._tell(error)
            else:
                try:
                    self._serve(lamp)
                except (LightError, OSError) as error:
                    self._tell(error)
                finally:
                    lamp.close()
            if not self._ended:
                self._sleep(RETRY_S, None)

    def _serve(self, lamp: Lamp) -> None:
        while not self._ended:
            wait_s = RETRY_S
            if self._wanted:
                pattern, since_s = self._wanted
                now = time.localtime()
                factor = self._dimming.factor(now.tm_hour * 60 + now.tm_min)
                wait_s = lamp.turn(dimmed(pattern, factor), round((time.monotonic() - since_s) * 1000))
                self._tell(None)
            self._sleep(wait_s, lamp.fileno())

    def _sleep(self, seconds: float, also: int | None) -> None:
        watched = [self._reader] if also is None else [self._reader, also]
        if self._reader in select.select(watched, [], [], seconds)[0]:
            os.read(self._reader, 4096)

    def _tell(self, error: LightError | OSError | None) -> None:
        """Say what is new: trouble, another one, or that it is over."""
        text = "" if error is None else str(error)
        if text != self._told and (text or self._told is not None):
            if isinstance(error, OSError):
                error = LightError(f"the light is gone ({text})", "plug it in again")
            self._on_trouble(self.name, error)
        self._told = text
