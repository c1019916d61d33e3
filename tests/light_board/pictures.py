"""Draws the table of the light into the documentation: `python -m tests.light_board.pictures`."""

from html import escape
from pathlib import Path

import appliance
from appliance.indicator.looks import RGB, Colour, Look, Mark
from appliance.indicator.patterns import HOST_LOST, LOOKS, MARKS

FILE = Path(appliance.__file__).parent / "indicator" / "light.svg"

MEANINGS = {
    "identify": "identify: which box is it? for ten seconds",
    "muted": "muted at the box: it does not listen",
    "paused": "paused by the server",
    "urgent": "urgent, nobody has seen it",
    "urgent_seen": "urgent, seen",
    "attention": "attention, nobody has seen it",
    "attention_seen": "attention, seen",
    "deaf": "the line is dead",
    "fault": "a fault of the box",
    "slow": "too much to do: words are left out",
    "updating": "updating: do not unplug",
    "starting": "starting",
    "offline": "the server is away",
    "calm": "a call, all is well",
    "idle": "ready",
    "host_lost": "host lost: the board hears nothing",
}

ROW, PIXEL, LEFT = 30, 18, 20
WIDTH = 900


def drawn() -> str:
    """Give the picture as SVG: situations, most important first, then marks."""
    rows = [_look(name, look) for name, look in (*LOOKS.items(), ("host_lost", HOST_LOST))]
    rows.append(_text(LEFT, "Marks: a short pulse at the end of each period, in place of the rest", "bold"))
    rows += [_mark(name, mark) for name, mark in MARKS.items()]
    body = "\n".join(f'<g transform="translate(0 {ROW * (number + 1)})">{row}</g>' for number, row in enumerate(rows))
    height = ROW * (len(rows) + 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="13">\n<rect width="{WIDTH}" height="{height}" fill="#1c1c1c"/>\n{body}\n</svg>\n'
    )


def _look(name: str, look: Look) -> str:
    period = look.blink_period_ms
    rhythm = f"{period / 1000:g} s, lit {look.blink_duty:.0%}" if period else "steady"
    first = _pixels(LEFT, look.pixels, look.colour, look.brightness)
    second = _pixels(LEFT + 190, look.rest, look.colour, look.brightness) if period else ""
    return first + second + _text(400, f"{look.colour}, {rhythm}") + _text(600, MEANINGS[name])


def _mark(name: str, mark: Mark) -> str:
    rhythm = f"{mark.pulse_ms} ms every {mark.period_ms / 1000:g} s"
    pixels = _pixels(LEFT, mark.pixels, mark.colour, mark.brightness)
    return pixels + _text(400, f"{mark.colour}, {rhythm}") + _text(600, MEANINGS[name])


def _pixels(left: int, shape: str, colour: Colour, brightness: float) -> str:
    red, green, blue = RGB[colour]
    lit = f'fill="rgb({red},{green},{blue})" fill-opacity="{max(brightness, 0.25):g}"'
    dark = 'fill="#000"'
    return "".join(
        f'<circle cx="{left + PIXEL * place + 8}" cy="0" r="7" stroke="#555" {lit if pixel == "#" else dark}/>'
        for place, pixel in enumerate(shape)
    )


def _text(left: int, words: str, weight: str = "normal") -> str:
    return f'<text x="{left}" y="4" fill="#eee" font-weight="{weight}">{escape(words)}</text>'


if __name__ == "__main__":
    FILE.write_text(drawn(), "utf-8")
