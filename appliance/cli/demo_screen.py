"""What the demo shows while the call runs: the light above the transcript, or plain lines without a terminal."""

import shutil
import time
import unicodedata
from collections.abc import Iterator
from typing import Any, Final, Protocol, TextIO

from appliance.cli.demo_gauges import Gauges, mark_redactions
from appliance.cli.replay import describe
from appliance.events import Event, PhraseHit, StressMeasured, Tension, Utterance
from appliance.indicator.looks import RGB, Colour

RESET: Final = "\x1b[0m"
BOLD: Final = "\x1b[1m"
DIM: Final = "\x1b[2m"
VOICES: Final = {"agent": "\x1b[36m", "caller": "\x1b[35m", "both": "\x1b[33m"}
ALTERNATE_ON: Final = "\x1b[?1049h\x1b[?25l"
ALTERNATE_OFF: Final = "\x1b[?25h\x1b[?1049l"
HOME: Final = "\x1b[H"
CLEAR_LINE: Final = "\x1b[K"
CLEAR_BELOW: Final = "\x1b[J"

MAX_KEPT_LINES: Final = 400
"""More than any terminal shows at once."""

DARKEST: Final = 0.35
"""A dim lamp in a dark room is visible; a dim dot in a terminal is not."""


class Screen(Protocol):
    """Where the demo shows the call; `is_lit` once the device has shown a light, so that it can be told something."""

    is_lit: bool

    def show_light(self, light: dict[str, Any]) -> None:
        """Show the light's new pattern, as the device's `lines` light gives it."""

    def show_event(self, event: Event) -> None:
        """Show an event."""

    def show_partial(self, who: str, text: str) -> None:
        """Show the newest words of a voice; empty when they became final or nothing."""

    def refresh(self) -> None:
        """Bring the screen up to date; called several times a second."""

    def close(self) -> None:
        """Leave the screen as it was."""


class PlainScreen:
    """One line per light change and per event; of the voice only where its level changes."""

    def __init__(self, stream: TextIO) -> None:
        self.is_lit = False
        self._stream = stream
        self._tension: Tension = "calm"

    def show_light(self, light: dict[str, Any]) -> None:
        """See `Screen`."""
        self.is_lit = True
        look = light["look"]
        rhythm = "blinking" if look["blink_period_ms"] else "steady"
        self._write(f"          light   {look['colour']}, {rhythm}: {light['text']}")

    def show_event(self, event: Event) -> None:
        """See `Screen`."""
        if isinstance(event, StressMeasured):
            if event.level == self._tension:
                return
            self._tension = event.level
        self._write(describe(event))

    def show_partial(self, who: str, text: str) -> None:
        """See `Screen`. Plain lines show final words only."""

    def refresh(self) -> None:
        """See `Screen`."""

    def close(self) -> None:
        """See `Screen`."""

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class TerminalScreen:
    """The whole terminal, drawn anew a few times a second."""

    def __init__(self, stream: TextIO, address: str) -> None:
        self.is_lit = False
        self._stream = stream
        self._address = address
        self._light: dict[str, Any] | None = None
        self._lines: list[str] = []
        self._partials: dict[str, str] = {}
        self._gauges = Gauges()
        stream.write(ALTERNATE_ON)

    def show_light(self, light: dict[str, Any]) -> None:
        """See `Screen`."""
        self.is_lit, self._light = True, light

    def show_event(self, event: Event) -> None:
        """See `Screen`."""
        if isinstance(event, Utterance):
            self._partials.pop(event.who, None)
        if self._gauges.show_event(event) or isinstance(event, PhraseHit):
            return
        told = describe(event)
        line = (
            VOICES[event.who] + mark_redactions(told) if isinstance(event, Utterance) else BOLD + VOICES["both"] + told
        )
        self._lines.append(line + RESET)
        del self._lines[:-MAX_KEPT_LINES]

    def show_partial(self, who: str, text: str) -> None:
        """See `Screen`."""
        self._partials[who] = text

    def refresh(self) -> None:
        """See `Screen`."""
        width, height = shutil.get_terminal_size()
        head = [
            self._lamp(),
            f"{DIM}supervisor's page: {self._address}   m mutes   Ctrl-C ends{RESET}",
            *(next(wrapped(line, width)) for line in self._gauges.lines),
            DIM + "─" * width + RESET,
        ]
        partials = [f"{DIM}{'…':>8}  {who:6}  {text}{RESET}" for who, text in sorted(self._partials.items()) if text]
        body = [part for line in self._lines + partials for part in wrapped(line, width)]
        room = max(1, height - len(head) - 1)
        self._stream.write(HOME + "".join(line + CLEAR_LINE + "\r\n" for line in head + body[-room:]) + CLEAR_BELOW)
        self._stream.flush()

    def close(self) -> None:
        """See `Screen`."""
        self._stream.write(ALTERNATE_OFF)
        self._stream.flush()

    def _lamp(self) -> str:
        if self._light is None:
            return f"{DIM}the device is starting …{RESET}"
        look, mark = self._light["look"], self._light["mark"]
        now_ms = time.monotonic() * 1000
        period = look["blink_period_ms"]
        lit = not period or now_ms % period < period * look["blink_duty"]
        colour, brightness = look["colour"], look["brightness"] if lit else 0.0
        if mark and now_ms % mark["period_ms"] < mark["pulse_ms"] * 3:
            colour, brightness = mark["colour"], 1.0
        rhythm = "blinking" if period else "steady"
        words = f"{BOLD}{self._light['text']}{RESET} {DIM}({look['colour']}, {rhythm}){RESET}"
        return f"{_rgb(colour, brightness)}████{RESET} {words}"


def _rgb(colour: Colour, brightness: float) -> str:
    level = max(brightness, DARKEST) if brightness else 0.12
    red, green, blue = (round(part * level) for part in RGB[colour])
    return f"\x1b[38;2;{red};{green};{blue}m"


def wrapped(line: str, width: int) -> Iterator[str]:
    """Break a line to the terminal's width; escape sequences take no room, wide characters take two places."""
    taken, part, escape = 0, "", False
    for char in line:
        part += char
        if char == "\x1b" or escape:
            escape = char != "m"
            continue
        taken += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if taken >= width - 1:
            yield part
            taken, part = 0, " " * 18
            taken = len(part)
    yield part
