"""The store, on real files."""

import random
import sqlite3
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.central import queries, store
from appliance.central.clock import utc_now
from appliance.delivery.messages import EventMessage, Hello
from appliance.errors import BadInputError
from appliance.events import Event

from .script import alert, changed, dispute, ended, enveloped, said, started


def arrival(seq: int, event: Event | dict[str, Any], call: str = "c1", device: str = "desk-1") -> store.Arrival:
    return store.arrival(device, EventMessage(envelope=enveloped(seq, event, call)), lambda _: None)


def save(connection: sqlite3.Connection, *items: store.Arrival | store.Contact) -> store.Saved:
    return store.save(connection, items, utc_now)


@pytest.fixture
def connection(tmp_path: Path) -> Any:
    connection = store.open_database(tmp_path / "central.sqlite")
    yield connection
    connection.close()


def test_the_store_is_safe_from_a_power_cut_and_for_the_owners_eyes_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "central.sqlite"
    connection = store.open_database(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"
    save(connection, arrival(1, started()))
    for name in ("central.sqlite", "central.sqlite-wal"):
        assert stat.S_IMODE((path.parent / name).stat().st_mode) == 0o600
    connection.close()


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "central.sqlite"
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version=99")
    newer.close()
    with pytest.raises(BadInputError, match="schema 99"):
        store.open_database(path)


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    path = tmp_path / "central.sqlite"
    path.write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(BadInputError, match=r"central\.sqlite.*not a database"):
        store.open_database(path)


def test_what_is_stored_once_is_not_new_again(connection: sqlite3.Connection) -> None:
    assert len(save(connection, arrival(1, started()), arrival(1, started())).new) == 1
    again = save(connection, arrival(1, started()))
    assert (again.new, again.conflicts, again.calls) == ([], [], [])


def test_a_different_event_under_a_stored_number_is_a_conflict(connection: sqlite3.Connection) -> None:
    save(connection, arrival(1, said("first")))
    other_words, other_call = arrival(1, said("second")), arrival(1, said("first"), call="c2")
    assert save(connection, other_words, other_call).conflicts == [other_words, other_call]


def test_the_sums_of_a_call_follow_its_events(connection: sqlite3.Connection) -> None:
    saved = save(connection, *(arrival(seq, event) for seq, event in enumerate(dispute(), 1)))
    (call,) = saved.calls
    assert (call.utterances, call.gaps, call.alerts, call.level) == (6, 1, 2, "urgent")
    assert (call.language, call.engine, call.ended_at, call.duration_s) == ("en", "moonshine", None, 65.5)
    (call,) = save(connection, arrival(30, ended(70))).calls
    assert (call.end_reason, call.duration_s) == ("on_hook", 70.0)


def test_a_withdrawn_alert_never_counted_whichever_order_its_events_come_in(connection: sqlite3.Connection) -> None:
    raised = alert(1, "threat", "urgent", dispute()[2], "my name is", tentative=True)  # type: ignore[arg-type]
    save(connection, arrival(2, changed(1, "threat", "withdrawn", 9.0)))
    (call,) = save(connection, arrival(1, raised)).calls
    assert (call.alerts, call.level) == (0, "normal")


def test_calls_are_listed_newest_first_by_device_and_in_pages(connection: sqlite3.Connection) -> None:
    for seq in range(1, 6):
        save(connection, arrival(seq, started(), call=f"c{seq}"))
    save(connection, arrival(30, started(), call="other", device="desk-2"))
    assert [call.call for call in queries.calls(connection, ["desk-1"], None, 2)] == ["c5", "c4"]
    last = queries.calls(connection, ["desk-1"], None, 2)[-1].started_at
    assert [call.call for call in queries.calls(connection, ["desk-1"], last, 9)] == ["c3", "c2", "c1"]
    assert queries.calls(connection, None, None, 1)[0].call == "other"


def test_devices_are_remembered_with_their_newest_call(connection: sqlite3.Connection) -> None:
    hello = Hello(device="desk-1", firmware="2", boot="b", last_seq=0, clock_synchronised=False, models=("m",))
    save(connection, store.Contact("desk-1", "2026-01-01T00:00:00.000Z", hello), arrival(1, started()))
    save(connection, store.Contact("desk-1", "2026-01-02T00:00:00.000Z"), arrival(2, started(), call="c2"))
    (known,) = queries.known_devices(connection)
    assert (known.last_seen, known.models, known.firmware) == ("2026-01-02T00:00:00.000Z", ("m",), "2")
    assert known.newest_call is not None
    assert known.newest_call.call == "c2"


def test_a_transaction_is_stored_whole_or_not_at_all(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN new.seq=2 BEGIN SELECT RAISE(FAIL, 'no'); END"
    )
    with pytest.raises(sqlite3.Error):
        save(connection, arrival(1, started()), arrival(2, said("no")))
    connection.execute("DROP TRIGGER refuse")
    assert queries.newest_seq(connection, "desk-1") == 0
    assert queries.calls(connection, None, None, 9) == []


@given(st.lists(st.integers(1, 12), max_size=60), st.integers(1, 9), st.randoms(use_true_random=False))
def test_any_order_with_any_repetition_in_any_batches_gives_the_same_calls(
    order: list[int], batch: int, chance: random.Random
) -> None:
    events = [*dispute(), ended(70)][:12]
    wanted = [*order, *range(1, 13)]
    chance.shuffle(wanted)
    with tempfile.TemporaryDirectory() as folder:
        connection = store.open_database(Path(folder) / "any.sqlite")
        straight = store.open_database(Path(folder) / "straight.sqlite")
        connection.execute("PRAGMA synchronous=OFF")
        straight.execute("PRAGMA synchronous=OFF")
        for at in range(0, len(wanted), batch):
            save(connection, *(arrival(seq, events[seq - 1]) for seq in wanted[at : at + batch]))
        save(straight, *(arrival(seq, event) for seq, event in enumerate(events, 1)))
        assert contents(connection) == contents(straight)
        connection.close()
        straight.close()


def contents(connection: sqlite3.Connection) -> list[Any]:
    events = [{**entry, "stored_at": ""} for entry in queries.call_events(connection, "desk-1", "c1")]
    (call,) = queries.calls(connection, None, None, 9)
    fields = {name: getattr(call, name) for name in call.__struct_fields__ if name != "newest_stored_at"}
    return [*events, fields]
