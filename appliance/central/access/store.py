"""The database of who may come in. It holds no secret in the clear: tokens are hashes, passwords are Argon2.

The command line and the running server open it at the same time; what one commits, the other sees at its next question.
"""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Final

from appliance.errors import BadInputError

SCHEMA_VERSION: Final = 2
DATABASE: Final = "access.sqlite"

_SCHEMA: Final = """
CREATE TABLE authorities (
    authority INTEGER PRIMARY KEY, made_at TEXT NOT NULL, state TEXT NOT NULL
);
CREATE TABLE certificates (
    serial TEXT PRIMARY KEY, device TEXT NOT NULL, authority INTEGER NOT NULL, key_sha256 TEXT NOT NULL,
    issued_at TEXT NOT NULL, expires_at TEXT NOT NULL, revoked_at TEXT, reason TEXT
) WITHOUT ROWID;
CREATE INDEX certificates_of_device ON certificates (device, expires_at);
CREATE TABLE claims (
    token_sha256 TEXT PRIMARY KEY, serial TEXT NOT NULL, device TEXT NOT NULL, made_at TEXT NOT NULL,
    expires_at TEXT NOT NULL, wrong_serials INTEGER NOT NULL DEFAULT 0, used_at TEXT, used_by_key_sha256 TEXT
) WITHOUT ROWID;
CREATE TABLE users (
    name TEXT PRIMARY KEY, roles TEXT NOT NULL, teams TEXT NOT NULL, password TEXT, token_sha256 TEXT,
    made_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE teams (device TEXT PRIMARY KEY, team TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (
    token_sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, csrf TEXT NOT NULL, opened_at TEXT NOT NULL,
    seen_at TEXT NOT NULL, vouched TEXT
) WITHOUT ROWID;
CREATE TABLE links (token_sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, expires_at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, device TEXT NOT NULL,
    call TEXT NOT NULL, remote TEXT NOT NULL, details TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_of_call ON audit (device, call);
CREATE TABLE used (device TEXT PRIMARY KEY, serial TEXT NOT NULL, since TEXT NOT NULL) WITHOUT ROWID;
"""

_FROM_1: Final = """
ALTER TABLE sessions ADD COLUMN vouched TEXT;
ALTER TABLE audit ADD COLUMN details TEXT NOT NULL DEFAULT '';
CREATE TABLE used (device TEXT PRIMARY KEY, serial TEXT NOT NULL, since TEXT NOT NULL) WITHOUT ROWID;
"""


def open_access(folder: Path) -> sqlite3.Connection:
    """Open the database in `folder`, made first where it does not exist. Raises `BadInputError` when it cannot be."""
    path = folder / DATABASE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Never on a file that is there: to close it would drop the locks of this process's other connections.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _migrate(connection, path)
    except (OSError, sqlite3.Error) as error:
        raise BadInputError(
            f"cannot be used for access: {error}", where=str(path), mend="name another folder with --access"
        ) from error
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    # Two programs may find the file empty at the same moment: the one that waits for the lock looks again.
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise BadInputError(
                f"was written by a newer version (schema {version}, this program knows {SCHEMA_VERSION})",
                where=str(path),
                mend="install the newer version again",
            )
        if version < SCHEMA_VERSION:
            for statement in filter(str.strip, (_FROM_1 if version else _SCHEMA).split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    finally:
        connection.execute("COMMIT")
