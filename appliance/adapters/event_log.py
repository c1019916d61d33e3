"""What the uplink needs of the log that it sends from."""

import asyncio
from typing import Protocol

from appliance.adapters.server_clock import ServerClock
from appliance.delivery.envelope import Row
from appliance.delivery.messages import Envelope
from appliance.delivery.urgent import UrgentLane


class EventLog(Protocol):
    """A log of numbered events; `Outbox` keeps one on the disk, and says what each of these means.

    A simulated device keeps its own in memory.
    """

    news: asyncio.Event
    urgent: UrgentLane
    server_clock: ServerClock

    @property
    def last_seq(self) -> int:
        """The largest number given to an event."""

    async def flush(self) -> None:
        """Wait until everything appended before can be read."""

    async def read_after(self, seq: int, limit: int) -> list[Envelope]:
        """Give the first `limit` events with a number above `seq`, in order; they count as sent."""

    def enveloped(self, row: Row) -> Envelope:
        """Give an event as it is sent now."""

    def acknowledge(self, seq: int) -> None:
        """Let go of everything up to and including `seq`."""

    async def resume(self, resume_after: int) -> None:
        """Go on from what a server says: it has everything up to and including `resume_after`."""
