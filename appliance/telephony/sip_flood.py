"""How many messages of a host are looked at: a flood costs a dictionary look-up for each, and no more."""

from typing import Final, NamedTuple

RATE_PER_S: Final = 100.0
"""Of one host that is allowed; a client with eight calls sends a few in a second."""

BURST: Final = 300.0
"""Of one host at once: every call of a large exchange at the moment it restarts."""

STRANGERS_PER_S: Final = 5.0
"""Of all hosts that are not allowed together: enough to tell somebody who tries it out that it is forbidden."""

STRANGERS_BURST: Final = 20.0

MAX_HOSTS: Final = 256
"""Hosts with a count of their own; only allowed ones have one, and beyond so many they share the strangers'."""

QUIET_S: Final = 60.0
"""A flood is over when so long nothing was dropped."""


class _Count(NamedTuple):
    """What may still pass, as of `at_s`, and what was dropped since the flood began at `since_s`."""

    left: float
    at_s: float
    dropped: int = 0
    dropped_s: float = 0.0


class Flood(NamedTuple):
    """A flood from a host ("" for all strangers) that begins (`dropped` 1) or is over."""

    host: str
    dropped: int


class FloodGate:
    """Counts by host. `news` holds the floods that have begun or ended since it was last read."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}
        self._news: list[Flood] = []

    def admits(self, host: str, now_s: float, *, allowed: bool) -> bool:
        """Say whether the next message of this host is looked at."""
        key = host if allowed and (host in self._counts or len(self._counts) < MAX_HOSTS) else ""
        rate, burst = (RATE_PER_S, BURST) if key else (STRANGERS_PER_S, STRANGERS_BURST)
        count = self._counts.get(key) or _Count(burst, now_s)
        left = min(burst, count.left + (now_s - count.at_s) * rate)
        if left >= 1.0:
            self._counts[key] = count._replace(left=left - 1.0, at_s=now_s)
            return True
        if not count.dropped:
            self._news.append(Flood(key, 1))
        self._counts[key] = _Count(left, now_s, count.dropped + 1, now_s)
        return False

    def news(self, now_s: float) -> list[Flood]:
        """Give each flood once when it begins and once, with how much was dropped, when it is over."""
        told, self._news = self._news, []
        for host, count in tuple(self._counts.items()):
            if count.dropped and now_s - count.dropped_s > QUIET_S:
                told.append(Flood(host, count.dropped))
            if now_s - max(count.at_s, count.dropped_s) > QUIET_S:
                del self._counts[host]
        return told
