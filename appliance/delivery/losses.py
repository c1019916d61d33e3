"""What could not be made durable, so that it can be declared."""

from appliance.delivery.envelope import Draft, head
from appliance.event_json import to_json
from appliance.events import Gap


class Losses:
    """The media time of each call whose events were not durable, until it is declared."""

    def __init__(self) -> None:
        self._spans: dict[str, tuple[int, int]] = {}
        self._last: dict[str, Draft] = {}

    def note(self, draft: Draft) -> None:
        """Take in an event that is in memory only, or was dropped."""
        span = head(draft.event)
        self.note_span(draft, span.start_sample, span.end_sample)

    def note_span(self, draft: Draft, start_sample: int, end_sample: int) -> None:
        """Take in a span of `draft`'s call; the declaration will be dated as `draft` is."""
        start, end = self._spans.get(draft.call, (start_sample, end_sample))
        self._spans[draft.call] = (min(start, start_sample), max(end, end_sample))
        self._last[draft.call] = draft

    def merge(self, other: "Losses") -> None:
        """Take in everything that `other` has noted."""
        for call, span in other._spans.items():
            self.note_span(other._last[call], *span)

    def declarations(self) -> list[Draft]:
        """Give one `gap` per call, from the first to the last event noted; they stay until `clear`."""
        return [self._declaration(call, *span) for call, span in self._spans.items()]

    def clear(self) -> None:
        """Forget what has been declared."""
        self._spans.clear()
        self._last.clear()

    def _declaration(self, call: str, start_sample: int, end_sample: int) -> Draft:
        gap = Gap(who="both", start_sample=start_sample, end_sample=end_sample, reason="outbox_full")
        last = self._last[call]
        return Draft(
            call=call,
            occurred_at=last.occurred_at,
            clock_synchronised=last.clock_synchronised,
            boot=last.boot,
            uptime_s=last.uptime_s,
            event=to_json(gap),
        )
