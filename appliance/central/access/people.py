"""People who sign in, what each may see, and the teams of devices.

A password is kept as Argon2id (RFC 9106). Roles: a *supervisor* sees the calls of some teams of devices, or of all, and
acts on them; an *administrator* sees the state of the devices and no call; an *auditor* reads who looked at which call;
a *system* is a program of the customer's that tells what it knows of a caller, with a token in place of a password.
"""

import hashlib
import re
import secrets
import sqlite3
from collections.abc import Collection
from typing import Final, Literal, NamedTuple, get_args

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from appliance.central.clock import utc_now
from appliance.errors import BadInputError

Role = Literal["supervisor", "administrator", "auditor", "system"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

ALL_TEAMS: Final = "*"

MIN_PASSWORD_CHARACTERS: Final = 12
"""NIST SP 800-63B: length is what counts; nothing is asked of its letters."""

MAX_PASSWORD_BYTES: Final = 1024
"""Nobody types more, and a hash of megabytes would keep the server busy."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,63}")

_hasher = PasswordHasher()
_NOBODYS: Final = _hasher.hash(secrets.token_hex())
"""Checked for a name that is unknown, so that the time of the answer does not tell."""


class Person(NamedTuple):
    """Somebody who may sign in."""

    name: str
    roles: frozenset[str]
    teams: frozenset[str]


class Sight(NamedTuple):
    """Whose calls somebody may see: all devices', for None, or these devices'."""

    devices: frozenset[str] | None

    def sees(self, device: str) -> bool:
        """Say whether the calls of this device are among them."""
        return self.devices is None or device in self.devices


def add_person(
    database: sqlite3.Connection, name: str, roles: Collection[str], teams: Collection[str], password: str | None = None
) -> str | None:
    """Add somebody; gives the token of a system, which is kept nowhere. Raises `BadInputError`."""
    if not _NAME.fullmatch(name):
        mend = "use 1 to 64 letters, digits, and . _ - @, a letter or digit first"
        raise BadInputError(f"{name!r} cannot be the name of a person", mend=mend)
    if unknown := set(roles) - set(ROLES):
        raise BadInputError(f"there is no role {unknown.pop()!r}", mend=f"known roles: {', '.join(ROLES)}")
    if "supervisor" in roles and not teams:
        raise BadInputError("a supervisor of no team sees nothing", mend="give --team NAME, or --all-teams")
    token = secrets.token_urlsafe(32) if "system" in roles else None
    row = (name, _json(roles), _json(teams), _hashed(password), token and hashed_token(token), utc_now())
    try:
        database.execute("INSERT INTO users VALUES (?,?,?,?,?,?)", row)
    except sqlite3.IntegrityError as error:
        raise BadInputError(f"{name} is there already", mend="remove that one first, or take another name") from error
    return token


def remove_person(database: sqlite3.Connection, name: str) -> None:
    """Forget somebody and end their sessions at once. Raises `BadInputError` for an unknown name."""
    _require(database.execute("DELETE FROM users WHERE name=?", (name,)).rowcount, name)
    _sign_out(database, name)


def set_password(database: sqlite3.Connection, name: str, password: str) -> None:
    """Give somebody a new password and end their sessions. Raises `BadInputError`."""
    hashed = _hashed(password)
    _require(database.execute("UPDATE users SET password=? WHERE name=?", (hashed, name)).rowcount, name)
    _sign_out(database, name)


def persons(database: sqlite3.Connection) -> list[Person]:
    """Give everybody, by name."""
    rows = database.execute("SELECT name, roles, teams FROM users ORDER BY name")
    return [_person(*row) for row in rows]


def person(database: sqlite3.Connection, name: str) -> Person | None:
    """Give somebody by name."""
    row = database.execute("SELECT name, roles, teams FROM users WHERE name=?", (name,)).fetchone()
    return _person(*row) if row else None


def person_of_token(database: sqlite3.Connection, token: str) -> Person | None:
    """Give the system that a token belongs to."""
    row = database.execute(
        "SELECT name, roles, teams FROM users WHERE token_sha256=?", (hashed_token(token),)
    ).fetchone()
    return _person(*row) if row else None


def password_hash(database: sqlite3.Connection, name: str) -> str:
    """Give what `password_fits` needs; for an unknown name something that no password fits."""
    row = database.execute("SELECT password FROM users WHERE name=?", (name,)).fetchone()
    return str(row[0]) if row and row[0] else _NOBODYS


def password_fits(hashed: str, password: str) -> bool:
    """Say whether this is the password; takes some 50 ms of a core and 64 MiB, on purpose."""
    try:
        return len(password.encode()) <= MAX_PASSWORD_BYTES and _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def set_team(database: sqlite3.Connection, device: str, team: str | None) -> None:
    """Put a device into a team, or take it out of all."""
    if team is None:
        database.execute("DELETE FROM teams WHERE device=?", (device,))
    elif team.strip() in {"", ALL_TEAMS}:
        raise BadInputError(f"{team!r} cannot be the name of a team", mend="give it a name")
    else:
        database.execute("INSERT OR REPLACE INTO teams VALUES (?,?)", (device, team))


def teams(database: sqlite3.Connection) -> dict[str, str]:
    """Give the team of every device that is in one."""
    return dict(database.execute("SELECT device, team FROM teams ORDER BY team, device"))


def sight(database: sqlite3.Connection, who: Person) -> Sight:
    """Give whose calls somebody may see, as the teams are now."""
    if "supervisor" not in who.roles:
        return Sight(frozenset())
    if ALL_TEAMS in who.teams:
        return Sight(None)
    return Sight(frozenset(device for device, team in teams(database).items() if team in who.teams))


def hashed_token(token: str) -> str:
    """Give what is kept of a token of 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _hashed(password: str | None) -> str | None:
    if password is None:
        return None
    if len(password) < MIN_PASSWORD_CHARACTERS or len(password.encode()) > MAX_PASSWORD_BYTES:
        mend = f"take at least {MIN_PASSWORD_CHARACTERS} characters; some words that belong together are good"
        raise BadInputError("this password is too short, or far too long", mend=mend)
    return _hasher.hash(password)


def _require(count: int, name: str) -> None:
    if not count:
        raise BadInputError(f"there is nobody called {name!r}", mend="undertone central user list")


def _sign_out(database: sqlite3.Connection, name: str) -> None:
    for table in ("sessions", "links"):
        database.execute(f"DELETE FROM {table} WHERE name=?", (name,))  # noqa: S608 - two names of ours


def _person(name: str, roles: str, team_names: str) -> Person:
    decode = msgspec.json.Decoder(frozenset[str]).decode
    return Person(name, decode(roles), decode(team_names))


def _json(names: Collection[str]) -> str:
    return msgspec.json.encode(sorted(names)).decode()
