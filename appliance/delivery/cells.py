"""What only the newest value of matters: partials and the device's state.

A cell holds one message. A newer one takes its place; nothing waits in line, nothing is stored.
"""

from typing import Final

from appliance.delivery.messages import PartialMessage, StatusMessage
from appliance.events import Who

PARTIAL_INTERVAL_S: Final = 0.2
"""Five a second for each side: people read no faster, and the recognizers give no more."""


class Cells:
    """The newest partial of each side and the newest status, each until it has been sent."""

    def __init__(self) -> None:
        self._partials: dict[Who, PartialMessage] = {}
        self._not_before_s: dict[Who, float] = {}
        self._status: StatusMessage | None = None
        self._status_is_new = False

    def put_partial(self, partial: PartialMessage) -> None:
        """Replace the partial of this side."""
        self._partials[partial.who] = partial

    def put_status(self, status: StatusMessage) -> None:
        """Replace the status; one that says the same as before is not sent again."""
        if status != self._status:
            self._status, self._status_is_new = status, True

    def connect(self) -> None:
        """Begin a connection: the server knows no status yet, and old partials are of no use to it."""
        self._partials.clear()
        self._status_is_new = self._status is not None

    def settle(self, call: str, who: Who, number: int) -> None:
        """Withdraw what waits of utterance `number` or an earlier one: its final words are on their way."""
        partial = self._partials.get(who)
        if partial is not None and partial.call == call and partial.utterance <= number:
            del self._partials[who]

    def take(self, now_s: float) -> list[PartialMessage | StatusMessage]:
        """Give what may be sent at `now_s` (monotonic), the status first; it counts as sent."""
        taken: list[PartialMessage | StatusMessage] = []
        if self._status_is_new and self._status is not None:
            taken.append(self._status)
            self._status_is_new = False
        for who in [who for who in self._partials if now_s >= self._not_before_s.get(who, now_s)]:
            taken.append(self._partials.pop(who))
            self._not_before_s[who] = now_s + PARTIAL_INTERVAL_S
        return taken

    def wait_s(self, now_s: float) -> float | None:
        """Give the seconds until something may be sent, or `None` when every cell is empty."""
        if self._status_is_new:
            return 0.0
        waits = [max(0.0, self._not_before_s.get(who, now_s) - now_s) for who in self._partials]
        return min(waits, default=None)
