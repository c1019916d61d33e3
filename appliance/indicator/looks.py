"""What a light can show: a colour, a brightness, a rhythm, and which of its pixels are lit."""

from dataclasses import dataclass, replace
from typing import Final, Literal

SHAPE_PIXELS: Final = 8
"""Shapes are drawn on so many pixels; a light with more or fewer stretches them, one with a single pixel has none."""

ALL_LIT: Final = "#" * SHAPE_PIXELS
ALL_DARK: Final = "." * SHAPE_PIXELS

Colour = Literal["white", "red", "yellow", "purple", "blue"]

RGB: Final[dict[Colour, tuple[int, int, int]]] = {
    "white": (255, 255, 255),
    "red": (255, 40, 0),
    "yellow": (255, 190, 0),
    "purple": (150, 0, 255),
    "blue": (0, 110, 255),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A short pulse in another colour, at the end of each period, in place of whatever else is shown."""

    colour: Colour
    period_ms: int
    pixels: str
    pulse_ms: int = 120
    brightness: float = 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """A colour at a brightness from 0 to 1, lit for `duty` of each period; period 0 is steady light.

    `pixels` are lit ("#") or dark ("."), from left to right; `rest` is what is lit in the other part of the period, on
    lights with several pixels.
    """

    colour: Colour
    brightness: float
    blink_period_ms: int = 0
    blink_duty: float = 1.0
    pixels: str = ALL_LIT
    rest: str = ALL_DARK


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the light does until the next pattern, and the words that say why."""

    look: Look
    mark: Mark | None
    text: str


def dimmed(pattern: Pattern, factor: float) -> Pattern:
    """Give the pattern with its brightness times `factor` (0 to 1)."""
    mark = pattern.mark and replace(pattern.mark, brightness=pattern.mark.brightness * factor)
    return replace(pattern, look=replace(pattern.look, brightness=pattern.look.brightness * factor), mark=mark)
