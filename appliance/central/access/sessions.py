"""Who is signed in. A session ends by idleness, by age, or by signing out; its token of 256 bits is kept as a hash.

A link signs somebody in once, without a password: for the demo, and for a person whom the administrator has added.
Whoever signs in by OpenID Connect is kept nowhere but in the session, with the roles that the provider named then.
"""

import secrets
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from appliance.central.access.people import Person, hashed_token, person
from appliance.central.clock import as_text, utc_now

IDLE: Final = timedelta(minutes=30)
"""Without a page that is open: an open wall is in use, as long as somebody's shift."""

AGE: Final = timedelta(hours=12)
"""A shift, and the way home."""

LINK_TTL: Final = timedelta(hours=24)

TOUCH_EVERY: Final = timedelta(minutes=1)
"""How exactly `seen_at` is kept: a page that asks ten times a second must not write ten times a second."""


class Session(NamedTuple):
    """A person who is signed in, with the token that must stand in every request that changes something.

    `vouched`: a provider says who they are, and not our own list.
    """

    who: Person
    csrf: str
    vouched: bool


class _Vouched(msgspec.Struct, frozen=True):
    roles: frozenset[str]
    teams: frozenset[str]


def open_session(database: sqlite3.Connection, name: str, vouched: Person | None = None) -> str:
    """Sign somebody in and give the session's token; `vouched` is somebody whom a provider knows, and not our list."""
    token, now = secrets.token_urlsafe(32), utc_now()
    database.execute("DELETE FROM sessions WHERE opened_at<?", (as_text(datetime.now(UTC) - AGE),))
    kept = msgspec.json.encode(_Vouched(vouched.roles, vouched.teams)).decode() if vouched else None
    row = (hashed_token(token), name, secrets.token_urlsafe(24), now, now, kept)
    database.execute("INSERT INTO sessions VALUES (?,?,?,?,?,?)", row)
    return token


def session_of(database: sqlite3.Connection, token: str) -> Session | None:
    """Give the session of a token and note that it is in use; None when it is over or never was."""
    now = datetime.now(UTC)
    hashed = hashed_token(token)
    row = database.execute(
        "SELECT name, csrf, seen_at, vouched FROM sessions WHERE token_sha256=? AND opened_at>? AND seen_at>?",
        (hashed, as_text(now - AGE), as_text(now - IDLE)),
    ).fetchone()
    who = _who(database, row[0], row[3]) if row else None
    if who is None:
        return None
    if row[2] < as_text(now - TOUCH_EVERY):
        database.execute("UPDATE sessions SET seen_at=? WHERE token_sha256=?", (as_text(now), hashed))
    return Session(who, row[1], row[3] is not None)


def close_session(database: sqlite3.Connection, token: str) -> None:
    """Sign out."""
    database.execute("DELETE FROM sessions WHERE token_sha256=?", (hashed_token(token),))


def close_sessions(database: sqlite3.Connection, name: str) -> int:
    """Sign somebody out everywhere; gives how many sessions that were."""
    return database.execute("DELETE FROM sessions WHERE name=?", (name,)).rowcount


def make_link(database: sqlite3.Connection, name: str) -> str:
    """Give a token that signs somebody in once."""
    token = secrets.token_urlsafe(32)
    expires_at = as_text(datetime.now(UTC) + LINK_TTL)
    database.execute("INSERT INTO links VALUES (?,?,?)", (hashed_token(token), name, expires_at))
    return token


def take_link(database: sqlite3.Connection, token: str) -> str | None:
    """Use a link up and give whom it signs in; None when it is none, was used, or is too old."""
    row = database.execute(
        "DELETE FROM links WHERE token_sha256=? RETURNING name, expires_at", (hashed_token(token),)
    ).fetchone()
    return str(row[0]) if row and row[1] > utc_now() else None


def _who(database: sqlite3.Connection, name: str, vouched: str | None) -> Person | None:
    if vouched is None:
        return person(database, name)
    said = msgspec.json.decode(vouched, type=_Vouched)
    return Person(name, said.roles, said.teams)
