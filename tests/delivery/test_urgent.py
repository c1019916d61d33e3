"""The urgent lane beside the ordinary one: nothing lost, nothing twice, wherever either side is killed."""

import sqlite3
from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.central import queries, store
from appliance.delivery.envelope import Draft, Row, envelope
from appliance.delivery.messages import EventMessage
from appliance.delivery.policy import MAX_URGENT_IN_FLIGHT
from appliance.delivery.urgent import MAX_WAITING, UrgentLane
from appliance.delivery.window import Window

KINDS = ["utterance", "utterance", "alert", "alert_changed", "call_ended"]


def row(seq: int, kind: str, call: str = "c1") -> Row:
    event = b'{"type":"%s","number":%d}' % (kind.encode(), seq)
    return Row(seq, Draft(call=call, occurred_at="2026-01-01T00:00:00.000Z", clock_synchronised=True, event=event))


def seqs(rows: list[Row]) -> list[int]:
    return [each.seq for each in rows]


def test_alerts_beyond_the_backlog_are_taken_once_and_others_never() -> None:
    lane = UrgentLane()
    lane.receive([row(1, "alert"), row(2, "utterance"), row(3, "alert_changed"), row(4, "alert")])
    assert seqs(lane.take(1)) == [3, 4]
    assert lane.take(1) == []
    lane.connect()
    assert seqs(lane.take(3)) == [4]


def test_what_is_acknowledged_or_belongs_to_a_call_that_is_over_waits_in_its_place() -> None:
    lane = UrgentLane()
    lane.receive([row(1, "alert"), row(2, "alert", "c2"), row(3, "alert"), row(4, "call_ended")])
    assert seqs(lane.take(0)) == [2]
    lane.acknowledge(2)
    lane.connect()
    assert lane.take(0) == []


def test_the_lane_is_bounded() -> None:
    lane = UrgentLane()
    lane.receive([row(seq, "alert") for seq in range(1, MAX_WAITING + 11)])
    taken = seqs(lane.take(0))
    assert taken == list(range(11, 11 + MAX_URGENT_IN_FLIGHT))
    assert lane.take(0) == []
    lane.acknowledge(taken[0])
    assert seqs(lane.take(0)) == [taken[-1] + 1]


class TwoLanes(RuleBasedStateMachine):
    """A device's log and lanes, a wire that may be cut, and the real store, each of which may be killed at any point.

    The wire and the queue of the store's writer lose what they hold; the log and the store's file do not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "central.sqlite"
        self.db = store.open_database(self.path)
        self.last_seq = 0
        self.made: list[Row] = []
        self.log: list[Row] = []  # what the device still keeps
        self.lane = UrgentLane()
        self.window = Window()
        self.online = False
        self.to_server: deque[EventMessage] = deque()
        self.arrived: list[EventMessage] = []
        self.of_this_link = 0  # how many of these, the newest, came over the present connection
        self.to_device: deque[int] = deque()

    def teardown(self) -> None:
        if not self.online:
            self.connect(4)
        while self.log:
            self.send_ordinary(9)
            self.carry(99)
            self.commit()
            self.hear_acks()
        stored = self.db.execute("SELECT seq, event FROM events ORDER BY seq").fetchall()
        assert stored == [(each.seq, each.draft.event.decode()) for each in self.made]
        self.db.close()
        self.folder.cleanup()

    @rule(
        kind=st.sampled_from(["utterance", "utterance", "alert", "alert_changed", "call_ended"]), hole=st.integers(1, 3)
    )
    def happen(self, kind: str, hole: int) -> None:
        self.last_seq += hole
        made = row(self.last_seq, kind)
        self.made.append(made)
        self.log.append(made)
        self.lane.receive([made])

    @precondition(lambda self: not self.online)
    @rule(limit=st.integers(1, 5))
    def connect(self, limit: int) -> None:
        resume_after = queries.through(self.db, "d")
        self.log = [each for each in self.log if each.seq > resume_after]
        self.lane.acknowledge(resume_after)
        self.lane.connect()
        self.window.resume(resume_after, limit)
        self.online = True

    @precondition(lambda self: self.online)
    @rule(count=st.integers(1, 9))
    def send_ordinary(self, count: int) -> None:
        waiting = [each for each in self.log if each.seq > self.window.position]
        for each in waiting[: min(count, self.window.room)]:
            self.window.send(each.seq)
            self.to_server.append(EventMessage(envelope=envelope(each)))

    @precondition(lambda self: self.online)
    @rule()
    def send_urgent(self) -> None:
        for each in self.lane.take(self.window.position):
            self.to_server.append(EventMessage(envelope=envelope(each), urgent=True))

    @precondition(lambda self: self.online)
    @rule(count=st.integers(1, 9))
    def carry(self, count: int) -> None:
        for _ in range(min(count, len(self.to_server))):
            self.arrived.append(self.to_server.popleft())
            self.of_this_link += 1

    @rule()
    def commit(self) -> None:
        """Commit what has arrived, also over a connection that is gone; a link acknowledges what came over it."""
        committed: list[store.Arrival] = []
        items = [store.arrival("d", message, committed.append) for message in self.arrived]
        saved = store.save(self.db, items, lambda: "2026-01-01T00:00:00.000Z")
        assert not saved.conflicts
        ordinary = [item.envelope.seq for item in items[len(items) - self.of_this_link :] if not item.urgent]
        if ordinary:
            self.to_device.append(max(ordinary))
        self.arrived.clear()
        self.of_this_link = 0

    @precondition(lambda self: self.online)
    @rule()
    def hear_acks(self) -> None:
        while self.to_device:
            seq = self.to_device.popleft()
            if self.window.acknowledge(seq):
                self.log = [each for each in self.log if each.seq > seq]
                self.lane.acknowledge(seq)

    @rule()
    def cut(self) -> None:
        self.online = False
        self.of_this_link = 0
        self.to_server.clear()
        self.to_device.clear()

    @rule()
    def kill_server(self) -> None:
        self.cut()
        self.arrived.clear()
        self.db.close()
        self.db = store.open_database(self.path)

    @rule()
    def kill_device(self) -> None:
        self.cut()
        self.lane = UrgentLane()  # its calls are over: what was urgent goes out in its place
        self.window = Window()

    @invariant()
    def what_the_device_let_go_of_is_stored(self) -> None:
        stored = {seq for (seq,) in self.db.execute("SELECT seq FROM events")}
        kept = {each.seq for each in self.log}
        assert {each.seq for each in self.made} <= stored | kept

    @invariant()
    def nothing_before_the_resume_point_is_missing(self) -> None:
        through = queries.through(self.db, "d")
        stored = {seq for (seq,) in self.db.execute("SELECT seq FROM events")}
        assert {each.seq for each in self.made if each.seq <= through} <= stored


TestTwoLanes = TwoLanes.TestCase
TestTwoLanes.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_an_advance_copy_is_stored_once_and_never_moves_the_resume_point(tmp_path: Path) -> None:
    db = store.open_database(tmp_path / "central.sqlite")

    def save(seq: int, *, urgent: bool) -> int:
        message = EventMessage(envelope=envelope(row(seq, "alert")), urgent=urgent)
        saved = store.save(db, [store.arrival("d", message, lambda _: None)], lambda: "t")
        assert not saved.conflicts
        return len(saved.new)

    assert (save(9, urgent=True), queries.through(db, "d")) == (1, 0)
    assert (save(9, urgent=True), queries.through(db, "d")) == (0, 0)
    assert (save(3, urgent=False), queries.through(db, "d")) == (1, 3)
    assert (save(9, urgent=False), queries.through(db, "d")) == (0, 9)
    assert (save(5, urgent=True), queries.through(db, "d")) == (1, 9)
    db.close()


def test_a_store_that_knew_no_urgent_lane_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "central.sqlite"
    db = store.open_database(path)
    store.save(db, [store.arrival("d", EventMessage(envelope=envelope(row(7, "alert"))), lambda _: None)], lambda: "t")
    db.execute("DROP TABLE progress")
    db.execute("ALTER TABLE events DROP COLUMN corrected")
    db.execute("PRAGMA user_version=1")
    db.close()
    with sqlite3.connect(path) as older:
        assert older.execute("PRAGMA user_version").fetchone() == (1,)
    older.close()
    again = store.open_database(path)
    assert queries.through(again, "d") == 7
    assert again.execute("SELECT corrected FROM events").fetchall() == [(0,)]
    again.close()
