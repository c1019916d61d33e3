"""Deletes calls whose time is over, so that nothing of them is left in the files.

SQLite only marks deleted pages as free. With `secure_delete` it writes zeros over them, and when the write-ahead log
has been folded into the file and cut to nothing, the words are in neither. The sums of a call and its alerts go with
it; up to which number a device's events were stored stays, so that no box sends anything again.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from appliance.central.clock import as_text
from appliance.central.database_thread import DatabaseThread

LOOK_EVERY_S: Final = 3600.0

CALLS_AT_ONCE: Final = 10
"""In one transaction: some thousand events, so that the writer never waits for longer than a commit takes anyway."""

VACUUM_ABOVE: Final = 0.5
"""The share of free pages from which the file is written anew: free pages are used again, and this takes time."""

BUSY_MS: Final = 20_000

_log = logging.getLogger(__name__)


class Deleted(NamedTuple):
    """What was deleted, and whether the files hold nothing of it any more."""

    calls: list[tuple[str, str]]
    is_gone: bool


def prepare(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Set a writing connection up for deletion, and give it."""
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    return connection


def delete_calls(connection: sqlite3.Connection, before: str) -> Deleted:
    """Delete every call of which nothing was stored since `before`, by the server's own clock."""
    deleted: list[tuple[str, str]] = []
    while found := _delete_some(connection, before):
        deleted += found
    left = connection.execute("SELECT count(*) FROM calls WHERE newest_stored_at<?", (before,)).fetchone()[0]
    return Deleted(deleted, is_gone=not left and _scrub(connection))


def delete_audit(connection: sqlite3.Connection, before: str) -> int:
    """Delete what the record of the access database holds from before that; gives how many entries."""
    connection.execute("PRAGMA secure_delete=ON")
    count = connection.execute("DELETE FROM audit WHERE at<?", (before,)).rowcount
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return count


def _delete_some(connection: sqlite3.Connection, before: str) -> list[tuple[str, str]]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = connection.execute(
            "SELECT device, call FROM calls WHERE newest_stored_at<? LIMIT ?", (before, CALLS_AT_ONCE)
        ).fetchall()
        for table in ("events", "alerts", "calls"):
            connection.executemany(f"DELETE FROM {table} WHERE device=? AND call=?", found)  # noqa: S608 - ours
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    return found


def _scrub(connection: sqlite3.Connection) -> bool:
    """Empty the log; tells whether that was done, which a long reader can put off."""
    free, pages = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
    if free > pages * VACUUM_ABOVE:
        connection.execute("VACUUM")
    is_busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not is_busy


class Retention:
    """Deletes what is older than so many days, once an hour; None keeps it for ever."""

    def __init__(
        self,
        calls: DatabaseThread,
        audit: DatabaseThread,
        *,
        calls_days: float | None,
        audit_days: float | None,
        forget: Callable[[str, str], None],
    ) -> None:
        self._calls = calls
        self._audit = audit
        self._calls_days = calls_days
        self._audit_days = audit_days
        self._forget = forget

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except sqlite3.Error as error:
                _log.error("retention error=%r again_in_s=%.0f", str(error), LOOK_EVERY_S)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Delete what is too old now."""
        if self._calls_days is not None:
            deleted = await self._calls.ask(delete_calls, _before(self._calls_days))
            for device, call in deleted.calls:
                self._forget(device, call)
            if deleted.calls or not deleted.is_gone:
                _log.info("retention calls_deleted=%d gone=%s", len(deleted.calls), deleted.is_gone)
        if self._audit_days is not None:
            await self._audit.ask(delete_audit, _before(self._audit_days))


def _before(days: float) -> str:
    return as_text(datetime.now(UTC) - timedelta(days=days))
