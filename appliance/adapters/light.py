"""The light as a person without a light board sees it: in the terminal, or as lines of JSON for a program.

What other kinds of lights have in common stands here too: `Light` for those that only write, `Lamp` for those that
can be unplugged.
"""

import json
from typing import Final, Protocol, TextIO

import msgspec

from appliance.adapters.clock import utc
from appliance.indicator.looks import RGB, Look, Pattern


class Light(Protocol):
    """Something that can show a pattern; called only when the pattern has changed."""

    def show(self, pattern: Pattern) -> None:
        """Show this pattern from now on."""


class Lamp(Protocol):
    """A light that is plugged in: served by one thread, until a call raises `LightError` or `OSError`."""

    def turn(self, pattern: Pattern, elapsed_ms: int) -> float:
        """Do what is due for a pattern that came so long ago; give the seconds until something is due again."""

    def fileno(self) -> int | None:
        """Give the descriptor on which the lamp may say something, if it can."""

    def close(self) -> None:
        """Let go of the lamp; raises nothing."""


class LightError(Exception):
    """A light cannot be used now; `mend` says what to do about it. The box goes on without it."""

    def __init__(self, what: str, mend: str) -> None:
        self.mend = mend
        super().__init__(what)


class TerminalLight:
    """One line per change, coloured where the stream is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, pattern: Pattern) -> None:
        """See `Light`."""
        self._stream.write(f"{painted(pattern.look, self._stream.isatty())} {pattern.text}\n")
        self._stream.flush()


class LinesLight:
    """One JSON object per change: `light` with the pattern's fields, and `at`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, pattern: Pattern) -> None:
        """See `Light`."""
        self._stream.write(json.dumps({"light": msgspec.to_builtins(pattern), "at": utc()}) + "\n")
        self._stream.flush()


DOT: Final = "\N{BLACK CIRCLE}"


def painted(look: Look, in_colour: bool) -> str:  # noqa: FBT001 - reads well where it is called
    """Give the light as a dot and words, with terminal colours or without."""
    words = f"{look.colour}, {'blinking' if look.blink_period_ms else 'steady'}"
    if not in_colour:
        return f"[{words}]"
    red, green, blue = (round(part * max(look.brightness, 0.4)) for part in RGB[look.colour])
    return f"\x1b[38;2;{red};{green};{blue}m{DOT}\x1b[0m {words}"
