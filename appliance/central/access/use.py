"""Which certificate each box really works with: the one that it showed last, and not the one that was sent to it.

Between the two lies a network. A box that never got the answer to its last request goes on with its old certificate,
and would be shut out by whoever counted what was issued.
"""

import logging
import sqlite3
from typing import Final, Literal, NamedTuple

from appliance.central.clock import utc_now

Standing = Literal["renewed", "issued", "waiting"]

STANDINGS: Final[dict[Standing, str]] = {
    "renewed": "has come with a certificate of the new authority",
    "issued": "was given a certificate of the new authority, and has not come with it yet",
    "waiting": "has not asked for a certificate of the new authority yet",
}

_log = logging.getLogger(__name__)


class Box(NamedTuple):
    """How far a box is in a change of the authority; `seen_at` is when it began to use what it showed last."""

    device: str
    standing: Standing
    seen_at: str | None


def note_use(database: sqlite3.Connection, device: str, serial: str) -> None:
    """Note that a box has shown this certificate, and holds its key. Written only when it is another than before."""
    try:
        if database.execute("SELECT 1 FROM used WHERE device=? AND serial=?", (device, serial)).fetchone() is None:
            database.execute("INSERT OR REPLACE INTO used VALUES (?,?,?)", (device, serial, utc_now()))
    except sqlite3.Error as error:
        # The box must not stay outside for a full disk here: it only counts as left behind for longer.
        _log.error("certificate_use error=%r device=%s", str(error), device)


def boxes(database: sqlite3.Connection, signing: int) -> list[Box]:
    """Give every box that holds a good certificate, by how far it is on the way to the authority `signing`."""
    rows = database.execute(
        "SELECT c.device, max(c.authority), shown.authority, since FROM certificates AS c"
        " JOIN authorities AS a ON a.authority=c.authority AND a.state='trusted'"
        " LEFT JOIN used ON used.device=c.device LEFT JOIN certificates AS shown ON shown.serial=used.serial"
        " AND shown.revoked_at IS NULL"
        " WHERE c.revoked_at IS NULL AND c.expires_at>? GROUP BY c.device ORDER BY c.device",
        (utc_now(),),
    )
    return [Box(device, _standing(issued, shown, signing), since) for device, issued, shown, since in rows]


def _standing(issued: int, shown: int | None, signing: int) -> Standing:
    if shown == signing:
        return "renewed"
    return "issued" if issued == signing else "waiting"
