"""Deletes what is old from the server's databases, so that nothing of it is left in their files.

SQLite only marks deleted pages as free. With `secure_delete` it writes zeros over them; when the write-ahead log has
been folded into the file and cut to nothing, the words are in neither; and where `residue` still finds anything, the
file is written anew. Up to which number a device's events were stored stays, so that no box sends anything again.
"""

import sqlite3
from pathlib import Path
from typing import Final

from appliance.central.residue import dirty_pages

CALLS_AT_ONCE: Final = 10
"""In one transaction: some thousand events, so that the writer never waits for longer than a commit takes anyway."""

VACUUM_ABOVE: Final = 0.5
"""The share of free pages from which the file is written anew: free pages are used again, and this takes time."""

BUSY_MS: Final = 20_000

_OLD_CALLS: Final = "SELECT device, call FROM calls AS c WHERE newest_stored_at<?"
_WITH_WORDS: Final = " AND EXISTS (SELECT 1 FROM events AS e WHERE e.device=c.device AND e.call=c.call)"
"""Of which more is kept than their sums."""

Call = tuple[str, str]
"""A device and a call of it."""


def prepare(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Set a writing connection up for deletion, and give it."""
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    return connection


def old_calls(connection: sqlite3.Connection, before: str) -> list[Call]:
    """Give every call of which nothing was stored since `before`, by the server's own clock."""
    return connection.execute(_OLD_CALLS, (before,)).fetchall()


def old_words(connection: sqlite3.Connection, before: str) -> list[Call]:
    """Give those of them whose events are still kept."""
    return connection.execute(_OLD_CALLS + _WITH_WORDS, (before,)).fetchall()


def delete_calls(connection: sqlite3.Connection, before: str) -> list[Call]:
    """Delete the `old_calls`, and give them."""
    return _delete(connection, old_calls(connection, before), ("events", "alerts", "calls"), before)


def delete_words(connection: sqlite3.Connection, before: str) -> list[Call]:
    """Delete all events of the `old_words`, and so what was said; their sums and the levels of alerts stay."""
    return _delete(connection, old_words(connection, before), ("events",), before)


def old_entries(connection: sqlite3.Connection, before: str) -> int:
    """Count what the record of who looked holds from before that."""
    return int(connection.execute("SELECT count(*) FROM audit WHERE at<?", (before,)).fetchone()[0])


def delete_entries(connection: sqlite3.Connection, before: str) -> int:
    """Delete the `old_entries`, and give how many they were."""
    return connection.execute("DELETE FROM audit WHERE at<?", (before,)).rowcount


def scrub(connection: sqlite3.Connection) -> bool:
    """Leave nothing in the file that no row uses; tells whether that was done, which a long reader can put off."""
    free, pages = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
    if free > pages * VACUUM_ABOVE:
        connection.execute("VACUUM")
    path = Path(connection.execute("PRAGMA database_list").fetchone()[2])
    if not _emptied_log(connection):
        return False
    if dirty_pages(path):
        connection.execute("VACUUM")
        return _emptied_log(connection) and not dirty_pages(path)
    return True


def _emptied_log(connection: sqlite3.Connection) -> bool:
    is_busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not is_busy


def _delete(connection: sqlite3.Connection, old: list[Call], tables: tuple[str, ...], before: str) -> list[Call]:
    for first in range(0, len(old), CALLS_AT_ONCE):
        _delete_some(connection, old[first : first + CALLS_AT_ONCE], tables, before)
    return old


def _delete_some(connection: sqlite3.Connection, calls: list[Call], tables: tuple[str, ...], before: str) -> None:
    # A call that has got another event meanwhile is not old any more.
    still_old = "(SELECT newest_stored_at FROM calls WHERE device=?1 AND call=?2)<?3"
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table in tables:
            delete = f"DELETE FROM {table} WHERE device=?1 AND call=?2 AND {still_old}"  # noqa: S608 - names of ours
            connection.executemany(delete, [(*call, before) for call in calls])
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
