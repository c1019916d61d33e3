"""What only the newest value of matters: partials, the device's state and its health.

A cell holds one message. A newer one takes its place; nothing waits in line, nothing is stored.
"""

from typing import Final

from appliance.delivery.health import HealthMessage
from appliance.delivery.messages import PartialMessage, StatusMessage
from appliance.delivery.policy import PARTIAL_INTERVAL_S
from appliance.events import Who

Voice = tuple[str, Who]
"""A side of a call."""

Cell = PartialMessage | StatusMessage | HealthMessage

MAX_VOICES: Final = 256
"""Both sides of more calls than a box carries: what it said while nobody listened must not add up."""


class Cells:
    """The newest partial of each voice, the newest status and the newest health, each until it has been sent."""

    def __init__(self) -> None:
        self._interval_s = PARTIAL_INTERVAL_S
        self._partials: dict[Voice, PartialMessage] = {}
        self._not_before_s: dict[Voice, float] = {}
        self._status: StatusMessage | None = None
        self._status_is_new = False
        self._health: HealthMessage | None = None
        self._health_is_new = False

    def put_partial(self, partial: PartialMessage) -> None:
        """Replace the partial of this voice."""
        self._partials[partial.call, partial.who] = partial
        if len(self._partials) > MAX_VOICES:
            del self._partials[next(iter(self._partials))]

    def put_status(self, status: StatusMessage) -> None:
        """Replace the status; one that says the same as before is not sent again."""
        if status != self._status:
            self._status, self._status_is_new = status, True

    def put_health(self, health: HealthMessage) -> None:
        """Replace the health; whoever puts it decides how often it is worth sending."""
        self._health, self._health_is_new = health, True

    def connect(self, partial_interval_s: float = PARTIAL_INTERVAL_S) -> None:
        """Begin a connection: the server knows no status and no health yet, and old partials are of no use to it.

        It may want the partials of one voice further apart than we would send them, but not closer.
        """
        self._interval_s = max(PARTIAL_INTERVAL_S, partial_interval_s)
        self._partials.clear()
        self._status_is_new = self._status is not None
        self._health_is_new = self._health is not None

    def settle(self, call: str, who: Who, number: int) -> None:
        """Withdraw what waits of utterance `number` or an earlier one: its final words are on their way."""
        partial = self._partials.get((call, who))
        if partial is not None and partial.utterance <= number:
            del self._partials[call, who]

    def take(self, now_s: float) -> list[Cell]:
        """Give what may be sent at `now_s` (monotonic), the status first; it counts as sent."""
        taken: list[Cell] = []
        if self._status_is_new and self._status is not None:
            taken.append(self._status)
            self._status_is_new = False
        if self._health_is_new and self._health is not None:
            taken.append(self._health)
            self._health_is_new = False
        self._not_before_s = {voice: at_s for voice, at_s in self._not_before_s.items() if at_s > now_s}
        for voice in [voice for voice in self._partials if voice not in self._not_before_s]:
            taken.append(self._partials.pop(voice))
            self._not_before_s[voice] = now_s + self._interval_s
        return taken

    def wait_s(self, now_s: float) -> float | None:
        """Give the seconds until something may be sent, or `None` when every cell is empty."""
        if self._status_is_new or self._health_is_new:
            return 0.0
        waits = [max(0.0, self._not_before_s.get(voice, now_s) - now_s) for voice in self._partials]
        return min(waits, default=None)
