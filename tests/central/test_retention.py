"""Calls whose time is over are deleted, and the files hold nothing of them."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.central import queries, store
from appliance.central.access import audit
from appliance.central.access.store import open_access
from appliance.central.deletion import prepare, scrub
from appliance.central.retention import due, run_once, until
from appliance.central.retention_settings import Keep
from appliance.events import Event

from .conftest import Start
from .rig import Central
from .script import ended, said, started

CANARY = "quokka four one one one"


def held(folder: Path) -> list[str]:
    """Give the files that hold the canary."""
    return [path.name for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


async def deliver(central: Central, call: str, first: int, text: str) -> int:
    async with central.device() as device:
        resumed_after = device.acked
        events: list[Event] = [started(), said(text), ended()]
        for seq, event in enumerate(events, first):
            await device.send_event(seq, event, call)
        await device.read_acked(first + 2)
    return resumed_after


def make_old(folder: Path, call: str) -> None:
    with closing(sqlite3.connect(folder / "central.sqlite")) as database, database:
        database.execute("UPDATE calls SET newest_stored_at='2020-01-01T00:00:00.000Z' WHERE call=?", (call,))


def test_an_old_call_is_in_no_file_and_on_no_page_and_nothing_is_sent_again(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with start() as central:
            for number in range(12):
                await deliver(central, f"old{number}", 1 + 3 * number, f"{CANARY} {number}")
            await deliver(central, "new", 37, "hello")
        assert held(tmp_path)
        for number in range(12):
            make_old(tmp_path, f"old{number}")
        async with start(keep=Keep(calls_days=30.0)) as central:
            async with asyncio.timeout(10):
                while len((await central.get("/api/calls"))["calls"]) > 1:  # noqa: ASYNC110 - another thread
                    await asyncio.sleep(0.02)
            assert (await central.ask("/api/calls/desk-1/old3"))[0] == 404
            assert (await central.get("/api/calls/desk-1/new"))["summary"]["events"] == 3
            assert await deliver(central, "newer", 40, "again") == 39, "the box is not asked for what was deleted"
        assert held(tmp_path) == []

    asyncio.run(run())


def test_what_was_deleted_is_gone_at_once_while_the_server_reads_and_writes(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with start() as central:
            await deliver(central, "old", 1, CANARY)
            await deliver(central, "new", 4, "hello")
            make_old(tmp_path, "old")
            with (
                closing(store.open_database(tmp_path / "central.sqlite")) as connection,
                closing(open_access(tmp_path / "access")) as access,
            ):
                keep = Keep(calls_days=30)
                assert due(connection, access, keep) == (0, 1, 0, False)
                assert run_once(connection, access, keep, "sam") == (0, 1, 0, True)
                assert run_once(connection, access, keep, "sam") == (0, 0, 0, True)
                assert queries.through(connection, "desk-1") == 6
                told = [(entry.who, entry.action, entry.details) for entry in audit.entries(access)]
                assert told[:2] == [
                    ("sam", "retention", "words=0 calls=0 audit=0 gone=yes"),
                    ("sam", "retention", "words=0 calls=1 audit=0 gone=yes"),
                ]
            assert held(tmp_path) == []

    asyncio.run(run())


def test_a_reader_that_does_not_let_go_is_told_of_and_not_waited_for(tmp_path: Path) -> None:
    with (
        closing(prepare(store.open_database(tmp_path / "c.sqlite"))) as connection,
        closing(store.open_for_reading(tmp_path / "c.sqlite")) as reader,
    ):
        connection.execute("PRAGMA busy_timeout=50")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM calls").fetchone()
        connection.execute("INSERT INTO progress VALUES ('d', 1)")
        assert not scrub(connection)
        reader.execute("COMMIT")
        assert scrub(connection)


def test_words_go_before_the_sums_of_their_call(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with start() as central:
            await deliver(central, "old", 1, CANARY)
            await deliver(central, "new", 4, "hello")
        make_old(tmp_path, "old")
        with (
            closing(store.open_database(tmp_path / "central.sqlite")) as connection,
            closing(open_access(tmp_path / "access")) as access,
        ):
            keep = Keep(words_days=30, calls_days=36_500)
            assert due(connection, access, keep) == (1, 0, 0, False)
            assert run_once(connection, access, keep, "sam") == (1, 0, 0, True)
            assert due(connection, access, keep) == (0, 0, 0, False)
        assert held(tmp_path) == []
        async with start() as central:
            found = await central.get("/api/calls/desk-1/old")
            assert (found["summary"]["utterances"], found["events"]) == (1, [])
            assert await deliver(central, "newer", 7, "again") == 6

    asyncio.run(run())


def test_the_record_of_who_looked_ends_too(tmp_path: Path) -> None:
    with closing(open_access(tmp_path)) as database:
        audit.note(database, CANARY, "read_call", "127.0.0.1")
        calls = sqlite3.connect(tmp_path / "calls.sqlite")
        with closing(calls):
            assert run_once(calls, database, Keep(audit_days=1), "sam").audit == 0
            database.execute("UPDATE audit SET at='2020' WHERE who=?", (CANARY,))
            assert run_once(calls, database, Keep(audit_days=1), "sam")[2:] == (1, True)
        assert held(tmp_path) == []
        assert [entry.who for entry in audit.entries(database)] == ["sam", "sam"]


@pytest.mark.parametrize(("hour", "hours"), [(2, 1), (3, 24), (4, 23)])
def test_it_is_done_once_a_day_at_its_time(hour: int, hours: int) -> None:
    assert until(Keep(), datetime(2026, 1, 31, hour, tzinfo=UTC)) == hours * 3600
