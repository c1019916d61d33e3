"""How long to wait before the link is tried again."""

from collections.abc import Callable, Iterator
from typing import Final

FIRST_S: Final = 0.25
"""A server that restarts is back within a second; a supervisor should not notice."""

GROWTH: Final = 2.0

CAP_S: Final = 30.0
"""Long enough that a thousand boxes do not press on a server that is down, short enough for the person who waits."""


SPREAD: Final = 0.5
"""A thousand boxes that were told the same second come back within half as long again, and none too early."""


def spread(asked_s: float, random: Callable[[], float]) -> float:
    """Give how long to wait when asked not to come before `asked_s`; `random` gives numbers from 0 to 1."""
    return asked_s * (1.0 + SPREAD * random())


def delays(random: Callable[[], float]) -> Iterator[float]:
    """Give waits in seconds without end, each between half and the whole of a ceiling that doubles up to `CAP_S`.

    `random` gives numbers from 0 to 1; the spread keeps boxes that lost the same server from coming back together.
    """
    ceiling_s = FIRST_S
    while True:
        yield ceiling_s * (0.5 + random() / 2)
        ceiling_s = min(CAP_S, ceiling_s * GROWTH)
