"""Which boxes take a release first."""

import hashlib
import math
from collections.abc import Collection
from functools import lru_cache


def is_in_ring(device: str, number: int, percent: float) -> bool:
    """Tell whether a box belongs to the first `percent` of the boxes that take release `number`.

    Decided by a hash, so that it stays the same. A box in a ring is in every wider one. Which boxes go first changes
    from release to release: not the same desks carry the risk each time.
    """
    return _place(device, number) * 100 < percent


def first_ring(devices: Collection[str], number: int, percent: float) -> frozenset[str]:
    """Give the first `percent` of these boxes, by the same hash, and never less than one: somebody has to go first."""
    count = math.ceil(len(devices) * percent / 100)
    return frozenset(sorted(devices, key=lambda device: _place(device, number))[:count])


@lru_cache(maxsize=65_536)  # of a fleet, which is looked at every few seconds
def _place(device: str, number: int) -> float:
    """Give the place of a box in the line for a release, from 0 to 1."""
    digest = hashlib.sha256(f"{number}\n{device}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
