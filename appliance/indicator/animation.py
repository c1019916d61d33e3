"""What each pixel of a light shows at a moment of a pattern.

The light board does the same by itself (`animation.py` of its firmware); a test holds both beside each other.
"""

from collections.abc import Iterator
from typing import Final

from appliance.indicator.looks import RGB, SHAPE_PIXELS, Colour, Pattern

LED_GAMMA: Final = 2.2
"""Colours are written as screens take them; the light of an LED grows with its value in a straight line."""

Pixel = tuple[int, int, int]
DARK: Final[Pixel] = (0, 0, 0)


def led(colour: Colour, brightness: float) -> Pixel:
    """Give red, green and blue from 0 to 255 as an LED needs them; what is lit at all is never quite dark."""
    linear = [(part / 255) ** LED_GAMMA * brightness * 255 for part in RGB[colour]]
    strongest = max(linear)
    red, green, blue = (max(round(part), int(part == strongest and brightness > 0)) for part in linear)
    return red, green, blue


def on_ms(period_ms: int, duty: float) -> int:
    """Give for how long of each period the light is lit."""
    return round(period_ms * duty)


def pixels_at(pattern: Pattern, elapsed_ms: int, count: int) -> list[Pixel]:
    """Give what `count` pixels show so long after the pattern came."""
    look, mark = pattern.look, pattern.mark
    if mark and elapsed_ms % mark.period_ms >= mark.period_ms - mark.pulse_ms:
        return list(_stretched(mark.pixels, led(mark.colour, mark.brightness), count))
    period = look.blink_period_ms
    lit = not period or elapsed_ms % period < on_ms(period, look.blink_duty)
    if count == 1:
        return [led(look.colour, look.brightness) if lit else DARK]
    return list(_stretched(look.pixels if lit else look.rest, led(look.colour, look.brightness), count))


def _stretched(shape: str, colour: Pixel, count: int) -> Iterator[Pixel]:
    for pixel in range(count):
        lit = count == 1 or shape[pixel * SHAPE_PIXELS // count] == "#"
        yield colour if lit else DARK
