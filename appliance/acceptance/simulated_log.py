"""The log of one simulated device: in memory, and keeping account of what the server acknowledges."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

import msgspec

from appliance.adapters import clock
from appliance.adapters.server_clock import ServerClock
from appliance.delivery.envelope import Draft, Row, envelope
from appliance.delivery.messages import Envelope
from appliance.delivery.urgent import UrgentLane
from appliance.event_json import to_json
from appliance.events import Event


class Taken(NamedTuple):
    """An event that the server has, how long that took, and whether its link was up all the time."""

    after_s: float
    live: bool


class SimulatedLog:
    """What a device has said and the server has not acknowledged; an `EventLog` as the device's own outbox is one.

    `calls` tells which numbers each call's events have got: the first and the last. `forgotten` counts events that the
    server had acknowledged and does not know any more, `unsent` those that it claims to have and that were never sent.
    `link` is the number of the link that is up, None off line.
    """

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.urgent = UrgentLane()
        self.server_clock = ServerClock("simulated")
        self.taken: list[Taken] = []
        self.calls: dict[str, tuple[int, int]] = {}
        self.made = self.forgotten = self.unsent = 0
        self.link: int | None = None
        self._first: int | None = None
        self._acked = self._sent = 0
        self._rows: deque[Row] = deque()
        self._made_at: deque[tuple[float, int | None]] = deque()

    @property
    def last_seq(self) -> int:
        """The largest number given to an event."""
        return (self._first or 0) + self.made

    @property
    def waiting(self) -> int:
        """How many events the server has not acknowledged."""
        return len(self._rows)

    def append(self, call: str, event: Event) -> None:
        """Give an event its number, as a commit to the outbox does."""
        self.made += 1
        seq = self.last_seq
        self.calls[call] = (self.calls.get(call, (seq, seq))[0], seq)
        draft = Draft(call=call, occurred_at=clock.utc(), clock_synchronised=True, event=to_json(event))
        row = Row(seq, draft)
        self._rows.append(row)
        self._made_at.append((time.monotonic(), self.link))
        self.urgent.receive([row])
        self.news.set()

    async def flush(self) -> None:
        """Do nothing: what was appended can be read."""

    async def read_after(self, seq: int, limit: int) -> list[Envelope]:
        """Give the first `limit` events with a number above `seq`, in order; they count as sent."""
        rows = list(self._after(seq, limit))
        if rows:
            self._sent = max(self._sent, rows[-1].seq)
        return [envelope(row) for row in rows]

    def enveloped(self, row: Row) -> Envelope:
        """Give an event as it is sent now."""
        return envelope(row)

    def acknowledge(self, seq: int) -> None:
        """Let go of everything up to and including `seq`."""
        now_s = time.monotonic()
        self.urgent.acknowledge(seq)
        self._acked = max(self._acked, seq)
        for _ in range(sum(1 for _ in takewhile(lambda row: row.seq <= seq, self._rows))):
            self._rows.popleft()
            made_s, link = self._made_at.popleft()
            self.taken.append(Taken(now_s - made_s, live=link is not None and link == self.link))

    async def resume(self, resume_after: int) -> None:
        """Go on from what a server says: after its last event of an earlier run, or where the last link broke."""
        if self._first is None:
            self._number_from(resume_after)
            return
        self.forgotten += max(0, self._acked - resume_after)
        self.unsent += max(0, resume_after - max(self._sent, self._acked))
        self.acknowledge(min(resume_after, self.last_seq))

    def _after(self, seq: int, limit: int) -> Iterator[Row]:
        if self._rows:
            begin = max(0, seq + 1 - self._rows[0].seq)
            yield from (self._rows[place] for place in range(begin, min(begin + limit, len(self._rows))))

    def _number_from(self, first: int) -> None:
        self._first = self._acked = self._sent = first
        self._rows = deque(msgspec.structs.replace(row, seq=row.seq + first) for row in self._rows)
        self.calls = {call: (begin + first, end + first) for call, (begin, end) in self.calls.items()}
        self.urgent.clear()
