"""The outbox's rules, for its one thread: numbers, durability, and what happens when the disk fails.

An event passes through three places. `waiting`: no number yet. `unsaved`: numbered, in memory only. The store:
durable. With a healthy disk the first two are empty between calls. With a disk that takes nothing more the events
stay in `unsaved`, still go out live, and are saved as soon as the disk takes them; each call's time in which events
were not durable is declared by a `gap`. What was acknowledged meanwhile need not be saved any more.

A number is final once it has left the box. When the server knows numbers that this outbox has not sent (the box was
replaced, its file was lost), whatever has never been sent moves behind them.
"""

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from appliance.adapters.outbox_room import BACKLOG_BYTES, UNKNOWN_CALL, Room, declarations, undated
from appliance.adapters.outbox_salvage import Salvage, set_aside
from appliance.adapters.outbox_store import SEQ_BLOCK, OutboxStore, is_corrupt, is_disk_full
from appliance.delivery.envelope import MAX_SEQ, Draft, Row, UnfinishedCall, head
from appliance.delivery.losses import Losses
from appliance.errors import BadInputError

MEMORY_EVENTS: Final = 10_000
"""What is kept while the disk takes nothing: over an hour at two events a second, some 10 MB."""

RETRY_S: Final = 1.0
"""How often a disk that failed is tried again."""

TRIM_S: Final = 1.0
"""Acknowledged events leave with the next commit, or after this long without one: a flash card wears by writes."""

_log = logging.getLogger(__name__)


class OutboxLog:
    """One device's log of events. Not for two threads.

    `on_rows` is told of each event as soon as it has its number, in order; `on_fault` of "outbox_full",
    "outbox_broken" or, mended, `None`. Raises `BadInputError` for a file that cannot be used.
    `unfinished` are the calls that an earlier run began and did not end.
    """

    def __init__(
        self,
        path: Path,
        on_rows: Callable[[list[Row]], None],
        on_fault: Callable[[str | None], None],
        *,
        memory_events: int = MEMORY_EVENTS,
        backlog_bytes: int = BACKLOG_BYTES,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._on_rows = on_rows
        self._on_fault = on_fault
        self._memory_events = memory_events
        self._room = Room(backlog_bytes)
        self._monotonic_s = monotonic_s
        self._waiting: deque[Draft] = deque()
        self._unsaved: deque[Row] = deque()
        self._losses = Losses()
        self._noted_seq = self._committed_seq = self._sent_before = self._reserved = 0
        self._latest: Draft | None = None
        self._fault: str | None = None
        self._retry_at_s = 0.0
        self._welcomed = False
        self._acknowledged_seq = self._trimmed_seq = 0
        self.committed = self.acknowledged = self.last_seq = 0
        self.unfinished: list[UnfinishedCall] = []
        self._open()

    def receive_drafts(self, drafts: Sequence[Draft]) -> None:
        """Take in events: give them numbers, make them durable if the disk lets us, and tell of them."""
        self._waiting.extend(drafts)
        self._latest = drafts[-1] if drafts else self._latest
        rows = self._number_waiting()
        if self._fault is None or self._monotonic_s() >= self._retry_at_s:
            rows += self._save()
        self._note_unsaved()
        self._tell(rows)

    def note_losses(self, losses: Losses) -> None:
        """Take note of events that never got here, so that they are declared."""
        self._losses.merge(losses)

    def rest(self) -> None:
        """Do what can wait: try a failed disk again, delete what was acknowledged."""
        if self._fault or self._trimmed_seq < self._acknowledged_seq:
            self.receive_drafts(())

    def wait_s(self) -> float | None:
        """Give how long to wait for events before `rest` has something to do."""
        if self._fault:
            return RETRY_S
        return TRIM_S if self._trimmed_seq < self._acknowledged_seq else None

    def read_after(self, seq: int, limit: int) -> list[Row]:
        """Give the first `limit` events above `seq`, in order; none while the disk cannot be read."""
        try:
            rows = self._store.read_after(seq, limit)
        except sqlite3.Error as error:
            self._fail(error)
            return []
        newer = [row for row in self._unsaved if row.seq > seq] if len(rows) < limit else []
        return rows + newer[: limit - len(rows)]

    def acknowledge(self, seq: int) -> None:
        """Let go of everything up to and including `seq`: the server has it."""
        if seq <= self._acknowledged_seq:
            return
        try:
            self.acknowledged += self._store.count(self._acknowledged_seq, seq)
        except sqlite3.Error as error:
            self._fail(error)
        self._acknowledged_seq = seq
        while self._unsaved and self._unsaved[0].seq <= seq:
            self._unsaved.popleft()
            self.acknowledged += 1

    def resume(self, resume_after: int, handed_out: int) -> bool:
        """Go on after a welcome: the server has everything up to and including `resume_after`.

        `handed_out` is the largest number read in this run, so what lies above it was never sent by this run. Gives
        whether events have other numbers now. Raises `sqlite3.Error` when events would have to move behind
        `resume_after` and the disk does not let them.
        """
        self._welcomed = True
        sent = max(handed_out, self._sent_before)
        renumbered = resume_after > sent
        try:
            if renumbered:
                self._renumber(sent, resume_after)
        except sqlite3.Error as error:
            self._fail(error)
            raise
        if self._waiting and self._reserved <= self.last_seq:
            # The disk lets us reserve nothing, and nobody but the server knows which numbers are free.
            self._reserved = self.last_seq + SEQ_BLOCK
        self.acknowledge(min(resume_after, sent))
        self.receive_drafts(())
        return renumbered

    def close(self) -> None:
        """Commit everything, give unused numbers back, and close the file."""
        self._tell(self._number_waiting() + self._save())
        lost = len(self._unsaved) + len(self._waiting)
        if lost:
            _log.error("outbox=%s lost=%d reason=%s", self._path, lost, self._fault)
        self._store.close(None if lost else self.last_seq)

    def _open(self) -> None:
        try:
            self._store = OutboxStore(self._path)
        except sqlite3.Error as error:
            if not is_corrupt(error):
                raise BadInputError(
                    f"the outbox cannot be read: {error}", where=str(self._path), mend="Check the disk it lies on."
                ) from error
            self._begin_anew(error)
        else:
            self.last_seq = self._reserved = self._committed_seq = self._store.reserved
            self._welcomed = self._store.welcomed
            self._sent_before = self.last_seq if self._welcomed else 0
            self.unfinished, self.committed = self._store.unfinished, self._store.held
        try:
            self._store.reserve(self.last_seq)
            self._reserved = self._store.reserved
        except sqlite3.Error as error:
            self._fail(error)

    def _number_waiting(self) -> list[Row]:
        """Give numbers to what waits, as far as the reserved block reaches."""
        rows = []
        while self._waiting and self.last_seq < self._reserved:
            self.last_seq += 1
            rows.append(Row(self.last_seq, self._waiting.popleft()))
        self._unsaved.extend(rows)
        return rows

    def _save(self) -> list[Row]:
        """Commit what is unsaved and declare what was lost. Gives the rows that got their number here."""
        rows: list[Row] = []
        try:
            if self._waiting:
                self._store.reserve(self.last_seq)
                self._reserved = self._store.reserved
                rows = self._number_waiting()
            dropped = self._room.victims(self._store, self.last_seq)
            drafts = declarations(self._losses, dropped)
            gaps = [Row(self.last_seq + n, draft) for n, draft in enumerate(drafts, start=1)]
            unsaved, acknowledged = [*self._unsaved, *gaps], self._acknowledged_seq
            self._store.commit(unsaved, acknowledged, welcomed=self._welcomed, dropped=dropped)
        except sqlite3.Error as error:
            self._fail(error)
            return rows
        self._note_dropped(dropped)
        self.last_seq, self._unsaved = self.last_seq + len(gaps), deque(unsaved)
        self._saved()
        self._losses.clear()
        self._set_fault(None)
        return rows + gaps

    def _note_dropped(self, dropped: list[Row]) -> None:
        waiting = sum(row.seq > self._acknowledged_seq for row in dropped)
        if waiting:
            _log.warning("outbox=%s dropped=%d reason=backlog_full declared=yes", self._path, waiting)
        self.committed -= waiting
        self._room.dropped(dropped)

    def _saved(self) -> None:
        self.committed += sum(row.seq > self._committed_seq for row in self._unsaved)
        self._committed_seq = self.last_seq
        self._reserved = self._store.reserved
        self._trimmed_seq = self._acknowledged_seq
        self._unsaved.clear()

    def _note_unsaved(self) -> None:
        """Take note of what is in memory only, and drop the oldest of what memory does not hold."""
        if self._fault:
            for row in self._unsaved:
                if row.seq > self._noted_seq:
                    self._losses.note(row.draft)
            self._noted_seq = self.last_seq
        while len(self._unsaved) + len(self._waiting) > self._memory_events:
            # The oldest are the numbered ones. They may have gone out live; either way they were noted above.
            if self._unsaved:
                self._unsaved.popleft()
            else:
                self._losses.note(self._waiting.popleft())

    def _renumber(self, sent: int, resume_after: int) -> None:
        """Move what was never sent behind the numbers that the server knows."""
        offset = max(self.last_seq, resume_after)
        held = self._store.count(sent, MAX_SEQ)
        unsent = held or any(row.seq > sent for row in self._unsaved)
        last_seq = offset + self.last_seq if unsent else offset
        if held:
            self._store.renumber(sent, offset, last_seq)
            self._committed_seq += offset
        self._unsaved = deque(Row(row.seq + offset, row.draft) if row.seq > sent else row for row in self._unsaved)
        self.last_seq = last_seq
        _log.warning("outbox=%s server_knows=%d sent=%d next=%d", self._path, resume_after, sent, last_seq + 1)
        try:
            self._store.reserve(last_seq)
        except sqlite3.Error as error:
            self._fail(error)
        self._reserved = last_seq + SEQ_BLOCK

    def _fail(self, error: sqlite3.Error) -> None:
        """Take note that the disk did not do what it was asked; a damaged file is put aside."""
        self._retry_at_s = self._monotonic_s() + RETRY_S
        self._set_fault("outbox_full" if is_disk_full(error) else "outbox_broken", str(error))
        if is_corrupt(error) or self._store.is_closed:
            try:
                self._store.close()
                self._begin_anew(error)
            except (sqlite3.Error, OSError, BadInputError) as failure:
                _log.warning("outbox=%s not_replaced=%s", self._path, failure)

    def _begin_anew(self, error: sqlite3.Error) -> None:
        """Put a damaged file aside and go on in a new one, with what can still be read of the old one."""
        self._set_fault("outbox_broken", str(error))
        saved = set_aside(self._path)
        if not self.last_seq:
            self.last_seq = max([saved.reserved, *(row.seq for row in saved.rows[-1:])])
            self._welcomed = saved.welcomed
            self._sent_before = self.last_seq if saved.welcomed else 0
            self.unfinished = list(saved.calls)
        rows = {row.seq: row for row in (*saved.rows, *self._unsaved) if row.seq > self._acknowledged_seq}
        self._unsaved = deque(rows[seq] for seq in sorted(rows))
        self._note_damage(saved)
        self._store = OutboxStore(self._path)
        self._store.reserve(self.last_seq)
        self._store.commit(list(self._unsaved), self._acknowledged_seq, welcomed=self._welcomed)
        self._saved()

    def _note_damage(self, saved: Salvage) -> None:
        """Note the calls whose events may be lost; when nothing says which, that there are some."""
        last = self._latest or (saved.rows[-1].draft if saved.rows else undated())
        ends = {call.call: call.end_sample for call in saved.calls}
        if last.call != UNKNOWN_CALL or not ends:
            ends.setdefault(last.call, head(last.event).end_sample)
        for call, end_sample in ends.items():
            self._losses.note_span(msgspec.structs.replace(last, call=call), 0, end_sample)

    def _set_fault(self, fault: str | None, why: str = "") -> None:
        if fault != self._fault:
            _log.log(logging.ERROR if fault else logging.INFO, "outbox=%s fault=%s %s", self._path, fault, why)
            self._fault = fault
            self._on_fault(fault)

    def _tell(self, rows: list[Row]) -> None:
        if rows:
            self._on_rows(rows)
