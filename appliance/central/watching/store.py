"""The database of the fleet, beside that of who may come in: what each box said last, and what is to be told of it.

Nothing that was said on a telephone is in it. What a box tells of itself is worth little when it is older than a
minute, so its rows may be lost in a power cut; the command line and the running server open it at the same time.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from appliance.errors import BadInputError

SCHEMA_VERSION: Final = 1
DATABASE: Final = "fleet.sqlite"

BUSY_S: Final = 5.0
"""How long a command waits for the server's transaction, which takes milliseconds."""

_SCHEMA: Final = """
CREATE TABLE boxes (
    device TEXT PRIMARY KEY, told_at TEXT, health TEXT, state TEXT NOT NULL, why TEXT NOT NULL,
    state_since TEXT NOT NULL, announced TEXT NOT NULL, muted_since TEXT
) WITHOUT ROWID;
CREATE TABLE hooks (
    name TEXT PRIMARY KEY, url TEXT NOT NULL, states TEXT NOT NULL, allow_private INTEGER NOT NULL,
    made_at TEXT NOT NULL, told_at TEXT, fault TEXT NOT NULL DEFAULT '', dropped INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY, hook TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, made_at TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, due_at TEXT NOT NULL
);
CREATE INDEX deliveries_of_hook ON deliveries (hook, number);
CREATE TABLE rollouts (number INTEGER PRIMARY KEY, begun_at TEXT NOT NULL, rollout TEXT NOT NULL);
"""


class BoxRow(NamedTuple):
    """What is kept of a box: its last `health` as it came, how it was judged, since when, and which state was told.

    `muted_since` outlasts restarts. Times are UTC texts.
    """

    device: str
    told_at: str | None
    health: str | None
    state: str
    why: str
    state_since: str
    announced: str
    muted_since: str | None


def open_fleet(folder: Path) -> sqlite3.Connection:
    """Open the database in `folder`, made first where it does not exist. Raises `BadInputError` when it cannot be."""
    path = folder / DATABASE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Never on a file that is there: to close it would drop the locks of this process's other connections.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        _migrate(connection, path)
    except (OSError, sqlite3.Error) as error:
        raise BadInputError(
            f"cannot be used for the fleet: {error}", where=str(path), mend="name another folder with --access"
        ) from error
    return connection


def box_rows(database: sqlite3.Connection) -> list[BoxRow]:
    """Give what is kept of every box."""
    columns = ", ".join(BoxRow._fields)
    return [BoxRow(*row) for row in database.execute(f"SELECT {columns} FROM boxes ORDER BY device")]  # noqa: S608 - names of ours


def keep_boxes(database: sqlite3.Connection, rows: Iterable[BoxRow], gone: Iterable[str] = ()) -> None:
    """Keep these rows in place of the older ones, and forget the boxes that are gone."""
    with transaction(database):
        places = ",".join("?" * len(BoxRow._fields))
        database.executemany(f"INSERT OR REPLACE INTO boxes VALUES ({places})", rows)  # noqa: S608 - question marks
        database.executemany("DELETE FROM boxes WHERE device=?", [(device,) for device in gone])


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All or nothing of what is done inside."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    # Two programs may find the file empty at the same moment: the one that waits for the lock looks again.
    with transaction(connection):
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise BadInputError(
                f"was written by a newer version (schema {version}, this program knows {SCHEMA_VERSION})",
                where=str(path),
                mend="install the newer version again",
            )
        if version == 0:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
