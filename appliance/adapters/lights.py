"""All lights of the box, as the settings have them: each shows the same, and none waits for another.

Threads: one for each light that can be unplugged.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from functools import partial
from typing import Final

from appliance.adapters.light import Lamp, Light, LightError, LinesLight, TerminalLight
from appliance.adapters.light_board import LightBoard
from appliance.adapters.light_busylight import busylight
from appliance.adapters.light_leds import leds
from appliance.adapters.light_neopixels import neopixels
from appliance.adapters.light_thread import LightThread
from appliance.indicator.board_link import Met, News, Pressed, Stuck
from appliance.indicator.looks import Pattern
from appliance.light_settings import LightKind, LightSettings

log = logging.getLogger(__name__)

LAMPS: Final[dict[LightKind, Callable[[LightSettings, Callable[[News], None]], Lamp]]] = {
    "board": lambda settings, on_news: LightBoard(settings.board, on_news),
    "busylight": lambda _settings, _on_news: busylight(),
    "leds": lambda settings, _on_news: leds(settings.leds),
    "neopixels": lambda settings, _on_news: neopixels(settings.neopixels),
}


class Lights:
    """Shows a pattern on every light; tells in the event loop of presses of a button, and of what is wrong."""

    def __init__(self, settings: LightSettings, on_button: Callable[[], None], on_change: Callable[[], None]) -> None:
        self.troubles: dict[str, LightError] = {}
        """Why a light cannot be used now, by its kind."""
        self._on_button = on_button
        self._on_change = on_change
        self._written: list[Light] = []
        if "terminal" in settings.kinds:
            self._written.append(TerminalLight(sys.stderr))
        if "lines" in settings.kinds:
            self._written.append(LinesLight(sys.stdout))
        self._threads = [
            LightThread(kind, partial(LAMPS[kind], settings, self._pass_news), settings.dimming, self._pass_trouble)
            for kind in settings.kinds
            if kind in LAMPS
        ]
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to look for the lights; called in the event loop."""
        self._loop = asyncio.get_running_loop()
        for thread in self._threads:
            thread.start()

    def show(self, pattern: Pattern) -> None:
        """Show this pattern from now on; waits for no lamp."""
        for thread in self._threads:
            thread.show(pattern)
        for light in self._written:
            light.show(pattern)

    def stop(self) -> None:
        """Let go of all lights."""
        for thread in self._threads:
            thread.stop()

    def _pass_news(self, news: News) -> None:
        self._pass(partial(self._receive_news, news))

    def _pass_trouble(self, kind: str, error: LightError | None) -> None:
        self._pass(partial(self._receive_trouble, kind, error))

    def _pass(self, receive: Callable[[], None]) -> None:
        """Take something from a light's thread into the event loop, unless that has ended."""
        with contextlib.suppress(RuntimeError):
            if self._loop:
                self._loop.call_soon_threadsafe(receive)

    def _receive_news(self, news: News) -> None:
        match news:
            case Met(identity):
                firmware = ".".join(map(str, identity.firmware))
                log.info("event=light_board serial=%s firmware=%s", identity.serial.hex(), firmware)
            case Pressed():
                log.info("event=light_button")
                self._on_button()
            case Stuck(is_stuck=True):
                log.warning("event=light_button_stuck mend='does something lie on the mute button of the light board?'")
            case Stuck():
                log.warning("event=light_button_free")

    def _receive_trouble(self, kind: str, error: LightError | None) -> None:
        if error:
            log.warning("event=light_lost light=%s text=%r mend=%r", kind, str(error), error.mend)
            self.troubles[kind] = error
        else:
            log.warning("event=light_back light=%s", kind)
            self.troubles.pop(kind, None)
        self._on_change()
