"""How often somebody may try: for everything that a stranger may knock at."""

from collections import OrderedDict, deque
from typing import Final

MAX_KEYS: Final = 10_000
"""Strangers remembered at once: about 3 MiB; beyond it the one that was quiet longest is forgotten."""


class RateLimit:
    """At most `tries` in any `window_s` seconds for each key, such as an address."""

    def __init__(self, tries: int, window_s: float) -> None:
        self._tries = tries
        self._window_s = window_s
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, key: str, now_s: float) -> float:
        """Count a try at the monotonic time `now_s`: 0 if it may be, else after how many seconds to come again."""
        times = self._seen.setdefault(key, deque(maxlen=self._tries))
        self._seen.move_to_end(key)
        if len(self._seen) > MAX_KEYS:
            self._seen.popitem(last=False)
        if len(times) == self._tries and now_s - times[0] < self._window_s:
            return self._window_s - (now_s - times[0])
        times.append(now_s)
        return 0.0

    def forget(self, key: str) -> None:
        """Forget the tries of somebody who has turned out to be welcome."""
        self._seen.pop(key, None)
