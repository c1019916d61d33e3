"""The light as a person without a light board sees it: in the terminal, or as lines of JSON for a program."""

import json
import sys
from typing import Final, Protocol, TextIO

import msgspec

from appliance.adapters.clock import utc
from appliance.config import LightKind
from appliance.indicator.looks import RGB, Look, Pattern


class Light(Protocol):
    """Something that can show a pattern; called only when the pattern has changed."""

    def show(self, pattern: Pattern) -> None:
        """Show this pattern from now on."""


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


class NoLight:
    """For a box whose only light is the supervisor's page."""

    def show(self, pattern: Pattern) -> None:
        """See `Light`."""


DOT: Final = "\N{BLACK CIRCLE}"


def painted(look: Look, in_colour: bool) -> str:  # noqa: FBT001 - reads well where it is called
    """Give the light as a dot and words, with terminal colours or without."""
    words = f"{look.colour}, {'blinking' if look.blink_period_ms else 'steady'}"
    if not in_colour:
        return f"[{words}]"
    red, green, blue = (round(part * max(look.brightness, 0.4)) for part in RGB[look.colour])
    return f"\x1b[38;2;{red};{green};{blue}m{DOT}\x1b[0m {words}"


def light(kind: LightKind) -> Light:
    """Give the configured light."""
    match kind:
        case "terminal":
            return TerminalLight(sys.stderr)
        case "lines":
            return LinesLight(sys.stdout)
        case "none":
            return NoLight()
