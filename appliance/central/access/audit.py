"""Who looked at which call, and did what: rows that are only ever added, until their time is over."""

import sqlite3
from typing import Final, Literal, NamedTuple

from appliance.central.clock import utc_now

Action = Literal[
    "sign_in", "sign_in_refused", "sign_out", "read_call", "list_calls", "watch_live", "read_audit",
    "acknowledge", "snooze", "context", "pause", "resume", "guidance", "supervisor",
    "identify", "rules", "config", "update", "device_cloned", "device_wiped", "retention", "refused",
]  # fmt: skip

SERVER: Final = "(server)"
"""Who it was when it was nobody: no person can have this name."""

MAX_NAME_CHARACTERS: Final = 100
"""Of a name that somebody typed who could not sign in."""


class Entry(NamedTuple):
    """One thing that somebody did. `device` and `call` are empty where it was about none.

    `details` tells what the action does not, and never what was said in a call.
    """

    number: int
    at: str
    who: str
    action: str
    device: str
    call: str
    remote: str
    details: str


def note(
    database: sqlite3.Connection,
    who: str,
    action: Action,
    remote: str,
    device: str = "",
    call: str = "",
    details: str = "",
) -> None:
    """Add an entry; when it returns it is safe on the disk."""
    row = (utc_now(), who[:MAX_NAME_CHARACTERS], action, device, call, remote, details)
    database.execute("INSERT INTO audit (at, who, action, device, call, remote, details) VALUES (?,?,?,?,?,?,?)", row)


def entries(
    database: sqlite3.Connection, *, who: str | None = None, call: str | None = None, limit: int = 500
) -> list[Entry]:
    """Give the newest entries first, of one person or call or of all."""
    rows = database.execute(
        "SELECT number, at, who, action, device, call, remote, details FROM audit"
        " WHERE (?1 IS NULL OR who=?1) AND (?2 IS NULL OR call=?2) ORDER BY number DESC LIMIT ?3",
        (who, call, limit),
    )
    return [Entry(*row) for row in rows]
