"""Which boxes take a release first."""

import hashlib


def is_in_ring(device: str, number: int, percent: float) -> bool:
    """Tell whether a box belongs to the first `percent` of the boxes that take release `number`.

    Decided by a hash, so that it stays the same. A box in a ring is in every wider one. Which boxes go first changes
    from release to release: not the same desks carry the risk each time.
    """
    digest = hashlib.sha256(f"{number}\n{device}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 * 100 < percent
