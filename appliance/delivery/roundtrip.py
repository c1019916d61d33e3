"""Signs of life: pings sent, pongs heard, and the round trip between them. Times are monotonic seconds."""

from appliance.delivery.policy import MAX_PINGS_OPEN


class RoundTrip:
    """One side's pings on one connection."""

    def __init__(self, now_s: float) -> None:
        self.rtt_ms: float | None = None
        self._heard_s = now_s
        self._number = 0
        self._sent: dict[int, float] = {}

    def ping(self, now_s: float) -> int:
        """Give the id of the ping that goes out now."""
        self._number += 1
        self._sent[self._number] = now_s
        if len(self._sent) > MAX_PINGS_OPEN:
            del self._sent[min(self._sent)]
        return self._number

    def hear(self, now_s: float) -> None:
        """Take that the peer has said anything at all."""
        self._heard_s = now_s

    def pong(self, number: int, now_s: float) -> float | None:
        """Take a pong and give the round trip in milliseconds; None for one that nobody waits for."""
        sent_s = self._sent.pop(number, None)
        if sent_s is None:
            return None
        self.rtt_ms = round((now_s - sent_s) * 1000, 1)
        return self.rtt_ms

    def silent_s(self, now_s: float) -> float:
        """Give for how long nothing was heard."""
        return now_s - self._heard_s
