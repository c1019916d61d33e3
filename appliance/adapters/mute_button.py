"""What a person presses to mute the box, besides the light board's button: a key, and a button on the pins of a Pi."""

import asyncio
import contextlib
import importlib
import logging
from collections.abc import Callable, Iterator
from typing import Any, Final

from appliance.adapters.terminal_key import key_pressed

log = logging.getLogger(__name__)

MUTE_KEY: Final = "m"

BOUNCE_S: Final = 0.05
"""A cheap button's contact jumps for ten milliseconds; nobody presses twice in fifty."""


@contextlib.contextmanager
def mute_pressed(pin: int | None, act: Callable[[], None], pins: Any = None) -> Iterator[None]:  # noqa: ANN401 - gpiozero's factory, of an extra
    """Call `act` in the loop at each press of the key, or of the button between this GPIO and ground.

    A button that cannot be read is told in the log; the box goes on without it. Held down, it counts once.
    """
    button = None if pin is None else _button(pin, act, pins)
    with key_pressed(MUTE_KEY, act):
        try:
            yield
        finally:
            if button:
                button.close()


def _button(pin: int, act: Callable[[], None], pins: Any) -> Any:  # noqa: ANN401 - as above
    loop = asyncio.get_running_loop()
    try:
        gpiozero = importlib.import_module("gpiozero")
        button = gpiozero.Button(pin, pull_up=True, bounce_time=BOUNCE_S, pin_factory=pins)
    except Exception as error:  # noqa: BLE001 - gpiozero's own errors come from a package that may not be here
        mend = "pip install 'undertone[gpio]'; is the pin free, and may this user use /dev/gpiochip0 (group gpio)?"
        log.error("event=mute_button_missing pin=%d error=%r mend=%r", pin, str(error), mend)  # noqa: TRY400 - no traceback
        return None
    # gpiozero calls from a thread of its own.
    button.when_pressed = lambda: loop.call_soon_threadsafe(act)
    return button
