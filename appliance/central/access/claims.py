"""One-time claims: with one a new box, known by its hardware serial number, gets its first certificate.

The token is 128 random bits and kept as a hash alone. A claim ends when it is used, when its time is over, or after a
few tries with the wrong serial number. The same box with the same key may use it again while its time lasts: the
answer to its first try may have been lost on the way.
"""

import hashlib
import secrets
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from appliance.central.clock import as_text, utc_now
from appliance.delivery.enrolment import TOKEN_BYTES

DEFAULT_TTL: Final = timedelta(hours=24)
"""Long enough to carry a box to its desk, short enough that a forgotten note in a drawer opens nothing."""

MAX_WRONG_SERIALS: Final = 5
"""A person mistypes a serial number once or twice; a thief with the note but without the box tries them all."""

KEEP_USED_S: Final = timedelta(days=30)

ClaimFault = Literal["claim_unknown", "claim_used", "claim_expired", "wrong_serial"]

TEXTS: Final[dict[ClaimFault, str]] = {
    "claim_unknown": "this server made no such claim, or took it back",
    "claim_used": "this claim was used already, by another key",
    "claim_expired": "the time of this claim is over",
    "wrong_serial": "this claim is for a box with another serial number",
}


class ClaimError(Exception):
    """A claim that cannot be used."""

    def __init__(self, reason: ClaimFault) -> None:
        self.reason = reason
        super().__init__(TEXTS[reason])


class Waiting(NamedTuple):
    """A claim as it is listed."""

    serial: str
    device: str
    made_at: str
    expires_at: str
    used_at: str | None


def make_claim(database: sqlite3.Connection, serial: str, device: str, ttl: timedelta = DEFAULT_TTL) -> str:
    """Make a claim for a box and give its token, which is kept nowhere. Older claims for this box end."""
    token = secrets.token_hex(TOKEN_BYTES)
    now = datetime.now(UTC)
    database.execute("DELETE FROM claims WHERE expires_at<?", (as_text(now - KEEP_USED_S),))
    database.execute("DELETE FROM claims WHERE device=? AND used_at IS NULL", (device,))
    database.execute(
        "INSERT INTO claims (token_sha256, serial, device, made_at, expires_at) VALUES (?,?,?,?,?)",
        (_hash(token), same_serial(serial), device, as_text(now), as_text(now + ttl)),
    )
    return token


def redeem(database: sqlite3.Connection, token: str, serial: str, key_sha256: str) -> str:
    """Use a claim up for the box with this serial number and key; gives the device's name. Raises `ClaimError`."""
    hashed = _hash(token)
    database.execute("BEGIN IMMEDIATE")
    try:
        row = database.execute(
            "SELECT serial, device, expires_at, wrong_serials, used_by_key_sha256 FROM claims WHERE token_sha256=?",
            (hashed,),
        ).fetchone()
        if row is None:
            raise ClaimError("claim_unknown")
        wanted, device, expires_at, wrong, used_by = row
        if expires_at < utc_now():
            raise ClaimError("claim_expired")
        if used_by not in {None, key_sha256}:
            raise ClaimError("claim_used")
        if wrong >= MAX_WRONG_SERIALS:
            raise ClaimError("claim_unknown")
        if same_serial(serial) != wanted:
            database.execute("UPDATE claims SET wrong_serials=wrong_serials+1 WHERE token_sha256=?", (hashed,))
            raise ClaimError("wrong_serial")
        database.execute(
            "UPDATE claims SET used_at=?, used_by_key_sha256=? WHERE token_sha256=?", (utc_now(), key_sha256, hashed)
        )
    finally:
        database.execute("COMMIT")  # a wrong try counts, too
    return str(device)


def listed(database: sqlite3.Connection) -> list[Waiting]:
    """Give every claim that is kept, the newest first."""
    rows = database.execute("SELECT serial, device, made_at, expires_at, used_at FROM claims ORDER BY made_at DESC")
    return [Waiting(*row) for row in rows]


def _hash(token: str) -> str:
    return hashlib.sha256(token.lower().encode("utf-8", "surrogateescape")).hexdigest()


def same_serial(serial: str) -> str:
    """Give a serial number as it is compared: it is read from a label, with or without zeros in front."""
    return serial.strip().lower().lstrip("0") or "0"
