"""What the server keeps: every event once, in one SQLite file.

`events` is the truth; `calls` and `alerts` are sums over it, kept in the same transaction, so that a list of calls
needs no reading of their events. `progress` says up to which number everything of a device is stored: an advance copy
(`urgent`) may be stored far beyond it. WAL with `synchronous=FULL`: what was committed survives a power cut, and
readers never wait for the writer. All functions here are plain and synchronous; `writer` gives them a thread.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from appliance.central import queries
from appliance.delivery.messages import Envelope, EventMessage, Hello
from appliance.errors import BadInputError

SCHEMA_VERSION: Final = 2

MAX_SEQ: Final = 2**53 - 1
"""The largest whole number that a browser keeps exact; at a thousand events a second it lasts 285,000 years."""

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
    if envelope.seq > MAX_SEQ:
        raise ValueError(f"the largest number is {MAX_SEQ} - at `$.envelope.seq`")
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


def save(connection: sqlite3.Connection, items: Iterable[Arrival | Contact], now: Callable[[], str]) -> Saved:
    """Store all items in one transaction and give what changed; all or nothing, durable on return.

    Raises `sqlite3.Error` when the disk or the file refuses; then nothing was stored.
    """
    new: list[Arrival] = []
    conflicts: list[Arrival] = []
    touched: dict[tuple[str, str], None] = {}
    through: dict[str, int] = {}
    stored_at = now()
    connection.execute("BEGIN IMMEDIATE")
    try:
        for item in items:
            if isinstance(item, Contact):
                _note_contact(connection, item)
                continue
            if not item.urgent:
                through[item.device] = max(item.envelope.seq, through.get(item.device, 0))
            if _insert(connection, item, stored_at):
                new.append(item)
                touched[item.device, item.envelope.call] = None
            elif _differs(connection, item):
                conflicts.append(item)
        connection.executemany(
            "INSERT INTO progress VALUES (?,?)"
            " ON CONFLICT (device) DO UPDATE SET through=max(through,excluded.through)",
            through.items(),
        )
        calls = [queries.call_summary(connection, device, call) for device, call in touched]
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    return Saved(new, conflicts, [call for call in calls if call is not None], stored_at)


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


def _insert(connection: sqlite3.Connection, item: Arrival, stored_at: str) -> bool:
    envelope = item.envelope
    done = connection.execute(
        "INSERT OR IGNORE INTO events VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            item.device, envelope.seq, envelope.call, envelope.occurred_at, envelope.heard_at, envelope.shown_at,
            envelope.clock_synchronised, stored_at, item.event_json, envelope.corrected,
        ),
    )  # fmt: skip
    if done.rowcount:
        _count(connection, item, stored_at)
    return bool(done.rowcount)


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


def _count(connection: sqlite3.Connection, item: Arrival, stored_at: str) -> None:
    envelope, event = item.envelope, item.envelope.event
    key = (item.device, envelope.call)
    connection.execute(
        "INSERT INTO calls (device, call, first_seq, started_at, end_sample, newest_stored_at, clock_synchronised)"
        " VALUES (?,?,?,?,?,?,?) ON CONFLICT (device, call) DO UPDATE SET first_seq=min(first_seq,excluded.first_seq),"
        " events=events+1, end_sample=max(end_sample,excluded.end_sample), newest_stored_at=excluded.newest_stored_at",
        (
            *key, envelope.seq, envelope.occurred_at, _whole(event, "end_sample"), stored_at,
            envelope.clock_synchronised,
        ),
    )  # fmt: skip
    match event.get("type"):
        case "call_started":
            connection.execute(
                "UPDATE calls SET started_at=?, line=?, language=?, engine=?, model=? WHERE device=? AND call=?",
                (envelope.occurred_at, *(_text(event, name) for name in ("line", "language", "engine", "model")), *key),
            )
        case "call_ended":
            connection.execute(
                "UPDATE calls SET ended_at=?, end_reason=? WHERE device=? AND call=?",
                (envelope.occurred_at, _text(event, "reason"), *key),
            )
        case "utterance":
            connection.execute("UPDATE calls SET utterances=utterances+1 WHERE device=? AND call=?", key)
        case "gap":
            connection.execute("UPDATE calls SET gaps=gaps+1 WHERE device=? AND call=?", key)
        case "alert":
            connection.execute(
                "INSERT INTO alerts VALUES (?,?,?,?,0) ON CONFLICT (device, call, alert) DO UPDATE"
                " SET level=excluded.level",
                (*key, _whole(event, "alert"), _text(event, "level")),
            )
        case "alert_changed" if event.get("change") == "withdrawn":
            connection.execute(
                "INSERT INTO alerts VALUES (?,?,?,?,1) ON CONFLICT (device, call, alert) DO UPDATE SET withdrawn=1",
                (*key, _whole(event, "alert"), _text(event, "level")),
            )


def _whole(event: Mapping[str, Any], name: str) -> int:
    # An event is stored as it is, whatever it holds; only the sums need numbers of the right kind.
    value = event.get(name)
    return value if isinstance(value, int) and 0 <= value <= MAX_SEQ else 0


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""
