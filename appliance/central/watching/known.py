"""Which boxes there should be: from claims, certificates and tokens. What was revoked is nobody's box any more."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from appliance.central import credentials
from appliance.central.access import people
from appliance.central.clock import utc_now
from appliance.central.watching.judge import Known


def known_boxes(access: sqlite3.Connection, tokens: Path) -> dict[str, Known]:
    """Give every box that may come, by its name. Raises `BadInputError` when the file of tokens cannot be read."""
    teams = people.teams(access)
    found: dict[str, Known] = {}
    for device, added in credentials.listed(tokens).items():
        found[device] = Known(read_time(added) or datetime.now(UTC), team=teams.get(device, ""))
    claims = access.execute(
        "SELECT device, serial, made_at FROM claims WHERE used_at IS NOT NULL OR expires_at>? ORDER BY made_at",
        (utc_now(),),
    )
    claimed = {device: (serial, made_at) for device, serial, made_at in claims}
    certified = {
        device: (issued_at, expires_at)
        for device, issued_at, expires_at in access.execute(
            "SELECT device, max(issued_at), max(expires_at) FROM certificates WHERE revoked_at IS NULL GROUP BY device"
        )
    }
    waiting = {row[0] for row in access.execute("SELECT device FROM claims WHERE used_at IS NULL")} & claimed.keys()
    for device in certified.keys() | waiting:
        serial, made_at = claimed.get(device, ("", ""))
        issued_at, expires_at = map(read_time, certified.get(device, ("", "")))
        since = read_time(made_at) or issued_at or datetime.now(UTC)
        found[device] = Known(since, serial, teams.get(device, ""), issued_at, expires_at)
    return found


def read_time(text: str | None) -> datetime | None:
    """Read a time as this server writes it; None for none."""
    return datetime.fromisoformat(text) if text else None
