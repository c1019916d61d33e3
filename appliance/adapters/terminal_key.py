"""One key of the terminal that the program runs in, while it runs."""

import asyncio
import contextlib
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def key_pressed(key: str, act: Callable[[], None]) -> Iterator[None]:
    """Call `act` in the loop whenever the key is pressed; without a terminal of our own nothing happens.

    The terminal gives each key at once meanwhile, and shows none; Ctrl-C stays what it is.
    """
    source = _standard_input()
    # In the background the terminal belongs to somebody else, who would be stopped for touching it.
    if source < 0 or not os.isatty(source) or os.tcgetpgrp(source) != os.getpgrp():
        yield
        return
    before = termios.tcgetattr(source)
    loop = asyncio.get_running_loop()

    def take() -> None:
        pressed = os.read(source, 1024)
        if not pressed:
            loop.remove_reader(source)
        for _ in range(pressed.count(key.encode())):
            act()

    tty.setcbreak(source, termios.TCSADRAIN)
    loop.add_reader(source, take)
    try:
        yield
    finally:
        loop.remove_reader(source)
        termios.tcsetattr(source, termios.TCSADRAIN, before)


def _standard_input() -> int:
    try:
        return sys.stdin.fileno() if sys.stdin else -1
    except (OSError, ValueError):  # closed, or no file at all
        return -1
