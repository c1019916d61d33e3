"""The durable log of events: the app's side of it, on the event loop.

One thread, `outbox`, owns the file and does all the work (`outbox_log`); the loop hands it events and asks it for
them. When the thread is idle an event is committed at once; while a commit runs, what arrives waits for the next one,
so batches grow as the disk gets slower.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from appliance.adapters import clock
from appliance.adapters.outbox_log import MEMORY_EVENTS, OutboxLog
from appliance.adapters.outbox_room import BACKLOG_BYTES
from appliance.adapters.server_clock import ServerClock
from appliance.delivery.envelope import Draft, Row, UnfinishedCall, envelope
from appliance.delivery.losses import Losses
from appliance.delivery.messages import Envelope
from appliance.delivery.policy import MAX_IN_FLIGHT
from appliance.delivery.urgent import UrgentLane

MAX_BATCH: Final = 512
"""Events in one commit: enough for any speed, and a reader waits for no longer than one such commit."""

TAIL_EVENTS: Final = 2 * MAX_IN_FLIGHT
"""The newest events, kept so that a live call is sent without reading the disk."""

_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")


class Outbox:
    """The outbox of one device, kept in the file `path` (created with its folder where they are missing).

    While the server is away it takes up to `backlog_bytes` of the disk; beyond, the oldest go (`outbox_room`).
    `on_fault` is called on the loop with "outbox_full" (the disk takes nothing more), "outbox_broken" (the file was
    damaged, or the disk refuses to write) or, when that is mended, `None`.
    `news` is set whenever there may be more to read; its one reader clears it. `urgent` holds what may be sent ahead of
    its turn, `server_clock` is to be told the server's time: by it events are dated while our clock cannot be trusted.
    """

    def __init__(
        self,
        path: Path,
        on_fault: Callable[[str | None], None],
        *,
        memory_events: int = MEMORY_EVENTS,
        backlog_bytes: int = BACKLOG_BYTES,
    ) -> None:
        self.news = asyncio.Event()
        self.urgent = UrgentLane()
        self.server_clock = ServerClock(clock.boot_id())
        self._path = path
        self._report_fault = on_fault
        self._memory_events = memory_events
        self._backlog_bytes = backlog_bytes
        self._bell = threading.Condition()
        self._inbox: deque[Draft] = deque()
        self._dropped = Losses()
        self._jobs: deque[Callable[[OutboxLog], None]] = deque()
        self._stopping = False
        self._tail: deque[Row] = deque(maxlen=TAIL_EVENTS)
        self._tail_after = 0
        self._handed_out = 0
        self._welcomed = False
        self._log: OutboxLog | None = None

    @property
    def committed(self) -> int:
        """How many events are durable: those found at the start, and those of this run but for what had to go."""
        return self._log.committed if self._log else 0

    @property
    def acknowledged(self) -> int:
        """How many of them the server has; events that were never durable are counted too."""
        return self._log.acknowledged if self._log else 0

    @property
    def last_seq(self) -> int:
        """The largest number given to an event."""
        return self._log.last_seq if self._log else 0

    def unfinished_calls(self) -> list[UnfinishedCall]:
        """Give the calls that an earlier run began and did not end."""
        return list(self._log.unfinished) if self._log else []

    async def start(self) -> None:
        """Open the file and start the thread. Raises `BadInputError` for a path or a file that cannot be used."""
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        opened: asyncio.Future[None] = self._loop.create_future()
        threading.Thread(target=self._work, args=(opened,), name="outbox", daemon=True).start()
        await opened
        self._tail_after = self.last_seq

    def append(self, draft: Draft) -> None:
        """Hand over an event, from the loop's thread. Returns at once and never raises.

        When the disk has not answered for so long that memory is full, the oldest event is dropped and declared.
        """
        with self._bell:
            self._inbox.append(draft)
            if len(self._inbox) > self._memory_events:
                self._dropped.note(self._inbox.popleft())
            self._bell.notify()

    async def flush(self) -> None:
        """Wait until everything appended before has its number and can be read."""
        await self._ask(lambda _: None)

    async def read_after(self, seq: int, limit: int) -> list[Envelope]:
        """Give the first `limit` events with a number above `seq`, in order. After `resume` they count as sent."""
        if seq >= self._tail_after:
            rows = [row for row in self._tail if row.seq > seq][:limit]
        else:
            rows = await self._ask(lambda log: log.read_after(seq, limit))
        if rows and self._welcomed:
            self._handed_out = max(self._handed_out, rows[-1].seq)
        return [self.enveloped(row) for row in rows]

    def enveloped(self, row: Row) -> Envelope:
        """Give an event as it is sent now."""
        return self.server_clock.correct(row, envelope(row))

    def acknowledge(self, seq: int) -> None:
        """Let go of everything up to and including `seq`, which the server has stored; it is deleted before long."""
        self.urgent.acknowledge(seq)
        self._post(lambda log: log.acknowledge(seq))

    async def resume(self, resume_after: int) -> None:
        """Go on from what a server says: it has everything up to and including `resume_after`.

        Events that were never sent then have larger numbers. Raises `sqlite3.Error` when the disk does not allow that.
        """
        handed_out = self._handed_out
        if await self._ask(lambda log: log.resume(resume_after, handed_out)):
            self.urgent.clear()  # what was never sent has other numbers now, and goes out in its place
        self._welcomed = True
        self._tail.clear()
        self._tail_after = self.last_seq

    async def stop(self) -> None:
        """Commit everything, close the file and end the thread. Nothing may be appended afterwards."""
        if self._log is None:
            return
        with self._bell:
            self._stopping = True
            self._bell.notify()
        await self._ended

    async def _ask(self, question: Callable[[OutboxLog], _Answer]) -> _Answer:
        answer: asyncio.Future[_Answer] = self._loop.create_future()

        def ask(log: OutboxLog) -> None:
            try:
                value = question(log)
            except Exception as error:  # noqa: BLE001 - whoever asked is told
                self._call_soon(_refuse, answer, error)
            else:
                self._call_soon(_settle, answer, value)

        self._post(ask)
        return await answer

    def _post(self, job: Callable[[OutboxLog], None]) -> None:
        with self._bell:
            self._jobs.append(job)
            self._bell.notify()

    def _receive_rows(self, rows: list[Row]) -> None:
        for row in rows:
            if len(self._tail) == TAIL_EVENTS:
                self._tail_after = self._tail[0].seq
            self._tail.append(row)
        self.urgent.receive(rows)
        self.news.set()

    def _receive_fault(self, fault: str | None) -> None:
        self._report_fault(fault)
        self.news.set()

    # From here on: the thread's side.

    def _work(self, opened: asyncio.Future[None]) -> None:
        try:
            self._log = OutboxLog(
                self._path,
                on_rows=lambda rows: self._call_soon(self._receive_rows, rows),
                on_fault=lambda fault: self._call_soon(self._receive_fault, fault),
                memory_events=self._memory_events,
                backlog_bytes=self._backlog_bytes,
            )
        except Exception as error:  # noqa: BLE001 - whoever starts the outbox is told
            self._call_soon(_refuse, opened, error)
            return
        self._call_soon(_settle, opened, None)
        while not self._stopping or self._inbox or self._jobs:
            try:
                self._turn(self._log)
            except Exception:  # noqa: BLE001 - whatever it is, the thread goes on
                _log.exception("outbox=%s", self._path)
                self._call_soon(self._receive_fault, "outbox_broken")
        self._log.close()
        self._call_soon(_settle, self._ended, None)

    def _turn(self, log: OutboxLog) -> None:
        """Wait for work and do it: first all events, then what was asked after them."""
        with self._bell:
            idle = not (self._inbox or self._jobs or self._stopping) and not self._bell.wait(log.wait_s())
            drafts, self._inbox = list(self._inbox), deque()
            jobs, self._jobs = list(self._jobs), deque()
            dropped, self._dropped = self._dropped, Losses()
        log.note_losses(dropped)
        for first in range(0, len(drafts), MAX_BATCH):
            log.receive_drafts(drafts[first : first + MAX_BATCH])
        for job in jobs:
            job(log)
        if idle:
            log.rest()

    def _call_soon(self, function: Callable[..., None], *values: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(function, *values)


def _settle(future: asyncio.Future[_Answer], value: _Answer) -> None:
    if not future.done():
        future.set_result(value)


def _refuse(future: asyncio.Future[_Answer], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
