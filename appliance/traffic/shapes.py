"""Shapes of a day: when boxes come on line, how many calls each has, and when the network is away.

The numbers are those of a service desk of average size as workforce planners draw them: two peaks and a quiet lunch,
calls of four to five minutes, three quarters of the time on the telephone at the peaks.
"""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

Chance = Callable[[], float]
"""Gives numbers from 0 to below 1."""

MEAN_CALL_S: Final = 270.0
SHORTEST_CALL_S: Final = 15.0
"""A wrong number."""

LONGEST_CALL_S: Final = 2_400.0

_HOUR_S: Final = 3_600.0


class Shape(NamedTuple):
    """One shape, over `length_s`.

    Boxes come on line evenly over the first `arrive_within_s`. `calls_per_h` is how many calls a box that is free gets
    in an hour, at moments between which it changes evenly. While `away` nobody reaches the server.
    """

    what: str
    length_s: float
    arrive_within_s: float
    calls_per_h: tuple[tuple[float, float], ...]
    away: tuple[tuple[float, float], ...] = ()
    speed: float = 1.0
    """As how many times too fast it is usually run."""


SHAPES: Final = {
    "office-day": Shape(
        "08:00 to 17:30: a rise in the morning, two peaks, a quiet lunch, an end",
        length_s=9.5 * _HOUR_S,
        arrive_within_s=0.4 * _HOUR_S,
        calls_per_h=tuple(
            (hour * _HOUR_S, calls)
            for hour, calls in [
                *((0.0, 0.0), (0.5, 12.0), (2.0, 30.0), (3.75, 26.0), (4.25, 7.0), (5.0, 7.0)),
                *((5.75, 24.0), (7.0, 30.0), (8.5, 16.0), (9.0, 5.0), (9.4, 0.0)),
            ]
        ),
        speed=30.0,
    ),
    "shift-start": Shape(
        "a quarter of an hour: all boxes come on line in one minute, and most have a call at once",
        length_s=900.0,
        arrive_within_s=60.0,
        calls_per_h=((0.0, 0.0), (60.0, 120.0), (240.0, 60.0), (840.0, 30.0), (870.0, 0.0)),
    ),
    "outage": Shape(
        "a quarter of an hour in which nobody reaches the server for three minutes, and all return at once",
        length_s=900.0,
        arrive_within_s=30.0,
        calls_per_h=((0.0, 40.0), (840.0, 40.0), (870.0, 0.0)),
        away=((300.0, 480.0),),
    ),
}


class PlannedCall(NamedTuple):
    """One call of one box, in seconds of the shape."""

    begins_s: float
    lasts_s: float


def calls_per_h(shape: Shape, at_s: float) -> float:
    """Give the rate of calls at a moment of the shape; 0 outside of it."""
    points = shape.calls_per_h
    for (left_s, left), (right_s, right) in pairwise(points):
        if left_s <= at_s < right_s:
            return left + (right - left) * (at_s - left_s) / (right_s - left_s)
    return 0.0


def calls_of_a_box(shape: Shape, chance: Chance) -> Iterator[PlannedCall]:
    """Give the calls of one box, one after another; each ends within the shape.

    Waits are those of a Poisson process whose rate changes (Lewis and Shedler's thinning), lengths are exponential
    within their bounds.
    """
    most = max(rate for _, rate in shape.calls_per_h)
    at_s = 0.0
    while True:
        at_s += _exponential(_HOUR_S / most, chance)
        if at_s + SHORTEST_CALL_S >= shape.length_s:
            return
        if chance() * most >= calls_per_h(shape, at_s):
            continue
        wished_s = SHORTEST_CALL_S + _exponential(MEAN_CALL_S - SHORTEST_CALL_S, chance)
        lasts_s = min(wished_s, LONGEST_CALL_S, shape.length_s - at_s)
        yield PlannedCall(at_s, lasts_s)
        at_s += lasts_s


def is_away(shape: Shape, at_s: float) -> bool:
    """Tell whether nobody reaches the server at this moment."""
    return any(begins_s <= at_s < ends_s for begins_s, ends_s in shape.away)


def _exponential(mean: float, chance: Chance) -> float:
    return -mean * math.log(1.0 - chance())
