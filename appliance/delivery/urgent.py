"""The urgent lane: an alert of a live call does not wait behind an hour of backlog.

The device sends such an event at once, marked `urgent`, as an *advance copy*: its number is its own, and it follows
again in its place. The server stores it under (device, seq) whenever it comes first; the second one finds it there. No
acknowledgement depends on an advance copy: the server neither acknowledges one nor resumes after it, for what lies
before it is still on its way. So whatever is lost, cut or killed, the ordinary lane alone decides what is delivered,
and the advance copy can only make something earlier.
"""

from collections.abc import Iterable
from typing import Final

from appliance.delivery.envelope import Row, head
from appliance.delivery.policy import MAX_URGENT_IN_FLIGHT

URGENT_TYPES: Final = frozenset({"alert", "alert_changed"})
"""What somebody may have to act on, and what takes it back."""

MAX_WAITING: Final = 1_024
"""Alerts that wait for a server that is away: a shift's worth of every desk. Beyond, the oldest go in their place."""


class UrgentLane:
    """The urgent events of calls in progress that the server has not acknowledged, in order of their numbers."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._sent: set[int] = set()

    def receive(self, rows: Iterable[Row]) -> None:
        """Take events that just got their numbers. The end of a call takes its events out: nobody waits for them."""
        for row in rows:
            kind = head(row.draft.event).type
            if kind in URGENT_TYPES:
                self._rows[row.seq] = row
            elif kind == "call_ended":
                self._rows = {seq: kept for seq, kept in self._rows.items() if kept.draft.call != row.draft.call}
        while len(self._rows) > MAX_WAITING:
            del self._rows[next(iter(self._rows))]

    def connect(self) -> None:
        """Begin a connection: nobody knows which advance copies have arrived."""
        self._sent.clear()

    def take(self, position: int) -> list[Row]:
        """Give what must go out ahead of the ordinary lane, which has come to `position`; it counts as sent."""
        open_copies = sum(seq > position for seq in self._sent)
        ahead = [row for seq, row in self._rows.items() if seq > position and seq not in self._sent]
        taken = ahead[: max(0, MAX_URGENT_IN_FLIGHT - open_copies)]
        self._sent.update(row.seq for row in taken)
        return taken

    def acknowledge(self, seq: int) -> None:
        """Let go of everything up to and including `seq`."""
        self._rows = {number: row for number, row in self._rows.items() if number > seq}
        self._sent = {number for number in self._sent if number > seq}

    def clear(self) -> None:
        """Forget all: their numbers are no longer theirs, they go out in their place."""
        self._rows.clear()
        self._sent.clear()
