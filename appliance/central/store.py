"""What the server keeps: every event once, in one SQLite file.

`events` is the truth; `calls` and `alerts` are sums over it, kept in the same transaction, so that a list of calls
needs no reading of their events. `progress` says up to which number everything of a device is stored: an advance copy
(`urgent`) may be stored far beyond it. WAL with `synchronous=FULL`: what was committed survives a power cut, and
readers never wait for the writer. All functions here are plain and synchronous; `writer` gives them a thread.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from appliance.central import bulk, queries
from appliance.central.sums import MAX_WHOLE, Sums
from appliance.delivery.messages import Envelope, EventMessage, Hello
from appliance.errors import BadInputError

SCHEMA_VERSION: Final = 2

_PROGRESS: Final = """
CREATE TABLE progress (device TEXT PRIMARY KEY, through INTEGER NOT NULL) WITHOUT ROWID;
"""

_SCHEMA: Final = (
    _PROGRESS
    + """
CREATE TABLE devices (
    device TEXT PRIMARY KEY, firmware TEXT NOT NULL, boot TEXT NOT NULL, models TEXT NOT NULL, rules TEXT NOT NULL,
    clock_synchronised INTEGER NOT NULL, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE events (
    device TEXT NOT NULL, seq INTEGER NOT NULL, call TEXT NOT NULL, occurred_at TEXT NOT NULL, heard_at TEXT,
    shown_at TEXT, clock_synchronised INTEGER NOT NULL, stored_at TEXT NOT NULL, event TEXT NOT NULL,
    corrected INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (device, seq)
);
CREATE INDEX events_of_call ON events (device, call, seq);
CREATE TABLE calls (
    device TEXT NOT NULL, call TEXT NOT NULL, first_seq INTEGER NOT NULL, started_at TEXT NOT NULL, ended_at TEXT,
    end_reason TEXT, end_sample INTEGER NOT NULL DEFAULT 0, newest_stored_at TEXT NOT NULL,
    clock_synchronised INTEGER NOT NULL, line TEXT, language TEXT, engine TEXT, model TEXT,
    events INTEGER NOT NULL DEFAULT 1, utterances INTEGER NOT NULL DEFAULT 0, gaps INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (device, call)
) WITHOUT ROWID;
CREATE INDEX calls_by_time ON calls (started_at);
CREATE TABLE alerts (
    device TEXT NOT NULL, call TEXT NOT NULL, alert INTEGER NOT NULL, level TEXT NOT NULL,
    withdrawn INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (device, call, alert)
) WITHOUT ROWID;
"""
)

_FROM_1: Final = (
    _PROGRESS,
    "INSERT INTO progress SELECT device, max(seq) FROM events GROUP BY device;",
    "ALTER TABLE events ADD COLUMN corrected INTEGER NOT NULL DEFAULT 0;",
)


class Arrival(NamedTuple):
    """One event on its way into the store. `committed` is called in the event loop once it is safe.

    An `urgent` one is an advance copy: events before it may not have come yet.
    """

    device: str
    envelope: Envelope
    event_json: str
    committed: Callable[["Arrival"], None]
    urgent: bool = False


class Contact(NamedTuple):
    """A device was heard at `at`; with `hello`, it has just introduced itself."""

    device: str
    at: str
    hello: Hello | None = None


class Saved(NamedTuple):
    """What one transaction changed.

    `new` are the arrivals that were not stored before; `conflicts` those whose number is taken by a different event
    (the device has used a number twice, which the protocol forbids); `calls` the new sums of the calls touched.
    """

    new: list[Arrival]
    conflicts: list[Arrival]
    calls: list[queries.CallSummary]
    stored_at: str


def arrival(device: str, message: EventMessage, committed: Callable[[Arrival], None]) -> Arrival:
    """Make an event ready for the store. Raises `ValueError` with the place when the store could not keep it."""
    envelope = message.envelope
    if envelope.seq > MAX_WHOLE:
        raise ValueError(f"the largest number is {MAX_WHOLE} - at `$.envelope.seq`")
    try:
        "".join([envelope.call, envelope.occurred_at, envelope.heard_at or "", envelope.shown_at or ""]).encode()
        event_json = msgspec.json.encode(envelope.event).decode()
    except (OverflowError, UnicodeEncodeError) as error:
        raise ValueError(f"cannot be stored: {error} - at `$.envelope`") from error
    return Arrival(device, envelope, event_json, committed, message.urgent)


def open_database(path: Path) -> sqlite3.Connection:
    """Open the store for writing, and make it first where it does not exist: a file for the owner's eyes only.

    Raises `BadInputError` when the file is not a store or belongs to a newer version of the program.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Never on a file that is there: to close it would drop the locks of this process's other connections.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _migrate(connection, path)
    except (OSError, sqlite3.Error) as error:
        raise BadInputError(
            f"cannot be used as the store: {error}", where=str(path), mend="name another file with --database"
        ) from error
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a second connection that only reads; it sees what was committed."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA query_only=ON")
    return connection


def save(connection: sqlite3.Connection, items: Sequence[Arrival | Contact], now: Callable[[], str]) -> Saved:
    """Store all items in one transaction and give what changed; all or nothing, durable on return.

    Raises `sqlite3.Error` when the disk or the file refuses; then nothing was stored.
    """
    stored_at = now()
    connection.execute("BEGIN IMMEDIATE")
    try:
        arrivals = [item for item in items if isinstance(item, Arrival)]
        for item in items:
            if isinstance(item, Contact):
                _note_contact(connection, item)
        new = _insert(connection, arrivals, stored_at)
        conflicts = [] if len(new) == len(arrivals) else _conflicts(connection, arrivals, new)
        sums = Sums(stored_at)
        for arrival in new:
            sums.add(arrival.device, arrival.envelope)
        sums.write(connection)
        _progress(connection, arrivals)
        calls = queries.call_summaries(connection, list(sums.calls))
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    return Saved(new, conflicts, calls, stored_at)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise BadInputError(
            f"the store was written by a newer version (schema {version}, this program knows {SCHEMA_VERSION})",
            where=str(path),
            mend="install the newer version again",
        )
    if version < SCHEMA_VERSION:
        changes = "".join(_FROM_1) if version else _SCHEMA
        connection.executescript(f"BEGIN;{changes}PRAGMA user_version={SCHEMA_VERSION};COMMIT;")


def _insert(connection: sqlite3.Connection, arrivals: list[Arrival], stored_at: str) -> list[Arrival]:
    """Store those that are not stored yet and give them."""
    newest = connection.execute("SELECT max(rowid) FROM events").fetchone()[0] or 0
    before = connection.total_changes
    bulk.insert(connection, "INSERT OR IGNORE INTO events", [_row(item, stored_at) for item in arrivals])
    if connection.total_changes - before == len(arrivals):
        return arrivals
    # SQLite gives each new row a greater rowid than any other has.
    added = set(connection.execute("SELECT device, seq FROM events WHERE rowid>?", (newest,)))
    new = []
    for item in arrivals:
        key = (item.device, item.envelope.seq)
        if key in added:
            added.remove(key)
            new.append(item)
    return new


def _row(item: Arrival, stored_at: str) -> tuple[Any, ...]:
    envelope = item.envelope
    return (
        item.device, envelope.seq, envelope.call, envelope.occurred_at, envelope.heard_at, envelope.shown_at,
        envelope.clock_synchronised, stored_at, item.event_json, envelope.corrected,
    )  # fmt: skip


def _conflicts(connection: sqlite3.Connection, arrivals: list[Arrival], new: list[Arrival]) -> list[Arrival]:
    """Give those that were stored before as another event."""
    known = {id(item) for item in new}
    return [item for item in arrivals if id(item) not in known and _differs(connection, item)]


def _progress(connection: sqlite3.Connection, arrivals: list[Arrival]) -> None:
    through: dict[str, int] = {}
    for item in arrivals:
        if not item.urgent:
            through[item.device] = max(item.envelope.seq, through.get(item.device, 0))
    later = "ON CONFLICT (device) DO UPDATE SET through=max(through,excluded.through)"
    bulk.insert(connection, "INSERT INTO progress", list(through.items()), later)


def _differs(connection: sqlite3.Connection, item: Arrival) -> bool:
    stored = connection.execute(
        "SELECT call, event FROM events WHERE device=? AND seq=?", (item.device, item.envelope.seq)
    ).fetchone()
    return bool(stored != (item.envelope.call, item.event_json))


def _note_contact(connection: sqlite3.Connection, contact: Contact) -> None:
    if contact.hello is None:
        connection.execute("UPDATE devices SET last_seen=? WHERE device=?", (contact.at, contact.device))
        return
    hello = contact.hello
    connection.execute(
        "INSERT INTO devices VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (device) DO UPDATE SET firmware=excluded.firmware,"
        " boot=excluded.boot, models=excluded.models, rules=excluded.rules,"
        " clock_synchronised=excluded.clock_synchronised, last_seen=excluded.last_seen",
        (
            contact.device, hello.firmware, hello.boot, msgspec.json.encode(hello.models).decode(), hello.rules,
            hello.clock_synchronised, contact.at, contact.at,
        ),
    )  # fmt: skip
