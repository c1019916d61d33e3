"""The outbox's rules against a model of the world: a server, a disk that fills, crashes and a replaced box.

Nothing here is faked but the server, which is a list. Whatever happens in whatever order: the server never sees a
number with two different events, sees every event at most once and in order, and in the end has every event except
those that a crash or a full memory took before they were durable.
"""

import shutil
import sqlite3
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.adapters.outbox_log import RETRY_S, OutboxLog
from appliance.delivery.envelope import Row, head

from .outbox_drafts import utterance

MEMORY_EVENTS = 40


class OutboxAgainstAServer(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "outbox.sqlite3"
        self.said = 0
        self.may_be_lost: set[int] = set()
        self.stored: list[Row] = []
        self.server_knows = 0
        self.start()

    def teardown(self) -> None:
        self.log.close()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        self.now_s = 0.0
        self.handed_out = 0
        self.full = False
        self.online = False
        self.position = 0
        self.fault: str | None = None
        self.undurable: set[int] = set()
        self.log = OutboxLog(
            self.path, lambda _: None, self.hear_fault, memory_events=MEMORY_EVENTS, monotonic_s=lambda: self.now_s
        )

    def hear_fault(self, fault: str | None) -> None:
        self.fault = fault

    @rule(count=st.integers(1, 30))
    def say(self, count: int) -> None:
        first = self.said + 1
        self.said += count
        self.log.receive_drafts([utterance(number) for number in range(first, self.said + 1)])
        if self.fault:
            self.undurable |= set(range(first, self.said + 1))
            if len(self.undurable) > MEMORY_EVENTS:
                self.may_be_lost |= self.undurable

    @precondition(lambda self: not self.full)
    @rule()
    def fill_the_disk(self) -> None:
        self.full = True
        self.limit(0)

    @precondition(lambda self: self.full)
    @rule()
    def empty_the_disk(self) -> None:
        self.full = False
        self.limit(1_000_000)
        self.rest()

    def limit(self, extra: int) -> None:
        db = self.log._store._db
        db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + extra}")

    @rule()
    def rest(self) -> None:
        self.now_s += RETRY_S
        self.log.rest()
        if self.fault is None:
            self.undurable.clear()

    @rule()
    def connect(self) -> None:
        self.online = False
        try:
            self.log.resume(self.server_knows, self.handed_out)
        except sqlite3.Error:
            assert self.full
            return
        self.online = True
        self.position = self.server_knows

    @rule()
    def lose_the_line(self) -> None:
        self.online = False

    @precondition(lambda self: self.online)
    @rule(limit=st.integers(1, 50), arrive=st.integers(0, 50))
    def send(self, limit: int, arrive: int) -> None:
        rows = self.log.read_after(self.position, limit)
        if not rows:
            return
        self.handed_out = max(self.handed_out, rows[-1].seq)
        self.position = rows[-1].seq
        for row in rows[:arrive]:
            self.stored.append(row)
            self.server_knows = row.seq
        self.online = arrive >= len(rows)

    @precondition(lambda self: self.online)
    @rule()
    def acknowledge(self) -> None:
        self.log.acknowledge(self.server_knows)

    @rule()
    def crash(self) -> None:
        self.log._store.close()
        self.may_be_lost |= self.undurable
        self.start()

    @rule()
    def stop_and_start(self) -> None:
        self.log.close()
        if self.fault:
            self.may_be_lost |= self.undurable
        self.start()

    @precondition(lambda self: not self.online)
    @rule()
    def replace_the_box(self) -> None:
        """Give the same identity to a new box; what the old one had and the server not stays on the old one."""
        self.log.close()
        self.may_be_lost |= set(range(1, self.said + 1))
        self.path.unlink()
        self.start()

    @invariant()
    def the_server_has_each_event_once_and_in_order(self) -> None:
        numbers = [row.seq for row in self.stored]
        assert numbers == sorted(set(numbers))
        said = [event.number for row in self.stored if (event := head(row.draft.event)).type == "utterance"]
        assert said == sorted(set(said))

    @rule()
    def in_the_end_everything_is_there(self) -> None:
        if self.full:
            self.empty_the_disk()
        self.connect()
        while self.online and self.log.read_after(self.position, 1):
            self.send(50, 50)
        self.acknowledge()
        said = {event.number for row in self.stored if (event := head(row.draft.event)).type == "utterance"}
        assert set(range(1, self.said + 1)) - said <= self.may_be_lost
        self.rest()
        assert self.log.read_after(0, 1) == []


TestOutboxAgainstAServer = OutboxAgainstAServer.TestCase
TestOutboxAgainstAServer.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
