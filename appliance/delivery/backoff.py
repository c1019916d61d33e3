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


def delays(random: Callable[[], float], return_within_s: float = 0.0) -> Iterator[float]:
    """Give waits in seconds without end, each between half and the whole of a ceiling that doubles up to `CAP_S`.

    `random` gives numbers from 0 to 1; the spread keeps boxes that lost the same server from coming back together.
    With many boxes a server wants them spread wider: over `return_within_s`, as its welcome said. Then the first wait
    is any part of that, no ceiling is lower, and the last is as high. So whatever the server has been away for, all
    are back within the larger of both, and the first tries of all come evenly.
    """
    ceiling_s, cap_s = max(FIRST_S, return_within_s), max(CAP_S, return_within_s)
    if return_within_s > FIRST_S:
        yield return_within_s * random()
    while True:
        yield ceiling_s * (0.5 + random() / 2)
        ceiling_s = min(cap_s, ceiling_s * GROWTH)
