"""The outbox's file: one SQLite database, used by one thread of one program at a time.

WAL with `synchronous=FULL`: when `commit` returns, the events survive a power cut. The database is held under an
exclusive lock, so a second program cannot give out the same numbers, and SQLite needs no shared memory file.

Numbers are reserved in blocks: every number up to `reserved` may have been used. A start goes on after the block, so
that an event that was only in memory when the power went (the disk was full) never shares its number with a later
one. A clean `close` gives the rest of the block back.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from appliance.delivery.envelope import Draft, Row, UnfinishedCall, head
from appliance.errors import BadInputError

APPLICATION_ID: Final = 0x556E6474
"""Marks the file as an outbox of this program (`Undt` in ASCII)."""

SCHEMA_VERSION: Final = 2

SEQ_BLOCK: Final = 65_536
"""Nine hours at two events a second, so a disk may stay full for a shift and every event still has its own number."""

LOCK_WAIT_S: Final = 2.0
"""A program that was just told to stop may still be closing the file."""

CHECKPOINT_PAGES: Final = 256
"""The log is folded into the database at 1 MiB: small disks, and a short recovery after a power cut."""

_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_DISK: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})

_Columns = tuple[int, str, str, int, bytes, str | None, str | None, str | None, float | None]

_SCHEMA: Final = """
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY, call TEXT NOT NULL, occurred_at TEXT NOT NULL, clock_synchronised INTEGER NOT NULL,
        event BLOB NOT NULL, heard_at TEXT, shown_at TEXT, boot TEXT, uptime_s REAL) STRICT;
    CREATE TABLE open_calls (call TEXT PRIMARY KEY, end_sample INTEGER NOT NULL) STRICT;
    CREATE TABLE counter (reserved INTEGER NOT NULL, welcomed INTEGER NOT NULL) STRICT
"""


class OutboxStore:
    """An open outbox file, as it was left: `reserved`, `welcomed`, `held` (how many events), `unfinished` (calls).

    Raises `BadInputError` for a path that cannot be used, for another program's database and for one that a newer
    version wrote. Every method may raise `sqlite3.Error`; then nothing of what it was asked has happened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        _prepare_file(path)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=LOCK_WAIT_S)
        self.is_closed = self._ready = False
        self.reserved, self.welcomed, self.held = 0, False, 0
        self.unfinished: list[UnfinishedCall] = []
        try:
            self._is_new = self._check()
            self._read_state()
        except BaseException:
            self._db.close()
            raise

    def commit(self, rows: Sequence[Row], acknowledged: int, *, welcomed: bool, dropped: Sequence[Row] = ()) -> None:
        """Make `rows` durable, and delete `dropped` and what the server has up to and including `acknowledged`.

        `welcomed`: a server has welcomed this outbox, so from now on its events may be known elsewhere.
        """
        self._make_ready()
        reserved = self.reserved
        if rows and reserved - rows[-1].seq < SEQ_BLOCK // 2:
            reserved = rows[-1].seq + SEQ_BLOCK
        with self._transaction():
            self._db.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_columns, rows))
            self._note_calls(rows)
            self._db.execute("DELETE FROM events WHERE seq <= ?", (acknowledged,))
            self._db.executemany("DELETE FROM events WHERE seq = ?", ((row.seq,) for row in dropped))
            self._db.execute("UPDATE counter SET reserved = ?, welcomed = ?", (reserved, welcomed))
        self.reserved, self.welcomed = reserved, welcomed

    def reserve(self, last_seq: int) -> None:
        """Reserve the block of numbers after `last_seq`, and make the file ready for commits."""
        self._make_ready()
        with self._transaction():
            self._set_reserved(last_seq + SEQ_BLOCK)
        self.reserved = last_seq + SEQ_BLOCK

    def read_after(self, seq: int, limit: int) -> list[Row]:
        """Give the first `limit` events with a number above `seq`, in order."""
        if self._is_new:
            return []
        query = "SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
        return [row_of(columns) for columns in self._db.execute(query, (seq, limit))]

    def used_bytes(self) -> int:
        """Give how much of the file is in use; what was deleted is used again before the file grows."""
        pages, free = self._number("PRAGMA page_count"), self._number("PRAGMA freelist_count")
        return (pages - free) * self._number("PRAGMA page_size")

    def count(self, after: int, up_to: int) -> int:
        """Count the events with a number above `after`, up to and including `up_to`."""
        if self._is_new:
            return 0
        query = "SELECT count(*) FROM events WHERE seq > ? AND seq <= ?"
        return int(self._db.execute(query, (after, up_to)).fetchone()[0])

    def renumber(self, after: int, offset: int, last_seq: int) -> None:
        """Add `offset` to every number above `after`; `last_seq` is the largest one then, and a block is reserved."""
        self._make_ready()
        with self._transaction():
            self._db.execute("UPDATE events SET seq = seq + ? WHERE seq > ?", (offset, after))
            self._set_reserved(last_seq + SEQ_BLOCK)
        self.reserved = last_seq + SEQ_BLOCK

    def close(self, last_seq: int | None = None) -> None:
        """Close the file; `last_seq` is the last number used, when that is known for sure."""
        if last_seq is not None and not self._is_new:
            with suppress(sqlite3.Error), self._transaction():
                self._set_reserved(last_seq)
        self._db.close()
        self.is_closed = True

    def _check(self) -> bool:
        """Refuse a file that is not ours, before anything is written. Gives whether the database is empty."""
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            tables = self._number("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError as error:
            if is_code(error, sqlite3.SQLITE_BUSY):
                raise BadInputError(
                    "another program uses this outbox", where=str(self._path), mend="Stop it, or name another file."
                ) from error
            raise
        application, version = self._number("PRAGMA application_id"), self._number("PRAGMA user_version")
        if tables and application != APPLICATION_ID:
            raise BadInputError(
                "this is another program's database", where=str(self._path), mend="Name another file for the outbox."
            )
        if version > SCHEMA_VERSION:
            raise BadInputError(
                f"the outbox has format {version}, this program knows formats up to {SCHEMA_VERSION}",
                where=str(self._path),
                mend="Install the newer version again, or name another file.",
            )
        return not tables

    def _make_ready(self) -> None:
        """Set the file up for writing. Apart from `_check`, so that a start survives a disk that is full."""
        if self._ready:
            return
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        if self._is_new:
            with self._transaction():
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute("INSERT INTO counter VALUES (0, 0)")
                self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self._is_new = False
        elif self._number("PRAGMA user_version") < SCHEMA_VERSION:
            with self._transaction():
                self._db.execute("ALTER TABLE events ADD COLUMN boot TEXT")
                self._db.execute("ALTER TABLE events ADD COLUMN uptime_s REAL")
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self._ready = True

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled back by itself; then there is nothing left to take back.
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    def _note_calls(self, rows: Iterable[Row]) -> None:
        for row in rows:
            event, call = head(row.draft.event), row.draft.call
            if event.type == "call_started":
                query = "INSERT OR IGNORE INTO open_calls VALUES (?, ?)"
                self._db.execute(query, (call, event.end_sample))
            elif event.type == "call_ended":
                self._db.execute("DELETE FROM open_calls WHERE call = ?", (call,))
            else:
                query = "UPDATE open_calls SET end_sample = max(end_sample, ?) WHERE call = ?"
                self._db.execute(query, (event.end_sample, call))

    def _set_reserved(self, reserved: int) -> None:
        self._db.execute("UPDATE counter SET reserved = ?", (reserved,))

    def _read_state(self) -> None:
        if self._is_new:
            return
        reserved, welcomed = self._db.execute("SELECT reserved, welcomed FROM counter").fetchone()
        self.reserved, self.welcomed = int(reserved), bool(welcomed)
        self.held = self._number("SELECT count(*) FROM events")
        calls = self._db.execute("SELECT call, end_sample FROM open_calls ORDER BY rowid")
        self.unfinished = [UnfinishedCall(*columns) for columns in calls]

    def _number(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])


def is_code(error: sqlite3.Error, *codes: int) -> bool:
    """Tell whether SQLite's primary result code is one of `codes`; an error without one comes from Python itself."""
    return (getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF) in codes


def is_corrupt(error: sqlite3.Error) -> bool:
    """Tell whether the file itself is damaged, so that waiting cannot mend it."""
    return is_code(error, *_CORRUPT)


def is_disk_full(error: sqlite3.Error) -> bool:
    """Tell whether the disk takes no more: no space, or no answer."""
    return is_code(error, *_DISK)


def _prepare_file(path: Path) -> None:
    """Make the folder (0700) and the file (0600), and take others' rights to the file away."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise BadInputError(
            f"the outbox cannot be kept here: {error.strerror}",
            where=str(path),
            mend="Name a file in a folder that this user may write to.",
        ) from error


def _columns(row: Row) -> _Columns:
    it = row.draft
    stamps = (it.occurred_at, it.clock_synchronised, it.event, it.heard_at, it.shown_at, it.boot, it.uptime_s)
    return (row.seq, it.call, *stamps)


def row_of(columns: tuple[Any, ...]) -> Row:
    """Give the event that one line of the table `events` holds; the first format has two columns less."""
    whole: _Columns = (*columns, None, None)[:9]
    seq, call, occurred_at, clock_synchronised, event, heard_at, shown_at, boot, uptime_s = whole
    draft = Draft(
        call=call,
        occurred_at=occurred_at,
        clock_synchronised=bool(clock_synchronised),
        event=event,
        heard_at=heard_at,
        shown_at=shown_at,
        boot=boot,
        uptime_s=uptime_s,
    )
    return Row(seq, draft)
