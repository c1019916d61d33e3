"""Right times from a board without a clock chip.

Such a board starts with a wrong clock. Each event keeps what the clock said and, while the clock is not synchronised,
the boot that it belongs to and its time since that boot, which no clock step can touch. The server says its time in
`welcome` and in each `ping`; from then on the device knows when its boot was, and dates each event of this boot anew
when it sends it: boot's time + time since boot. Nothing is rewritten on the disk.

An event of an earlier boot in which neither a time service nor a server was ever heard cannot be dated: it goes out
as it was stamped, not synchronised and not corrected. Its number still tells what came before it and after.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from appliance.delivery.envelope import Row
from appliance.delivery.messages import Envelope

EARLIEST: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""No server of this protocol existed before: one that says so has no clock either."""


class ServerClock:
    """The server's time against this boot's uptime."""

    def __init__(self, boot: str) -> None:
        self._boot = boot
        self._booted_at: datetime | None = None

    def receive(self, server_time: str, uptime_s: float) -> None:
        """Take what the server said its time is, at `uptime_s` of this boot; what cannot be a time is passed over."""
        said = read_utc(server_time)
        if said is not None and said >= EARLIEST and math.isfinite(uptime_s):
            self._booted_at = said - timedelta(seconds=uptime_s)

    def now(self, uptime_s: float) -> str | None:
        """Give the server's time at `uptime_s` of this boot, None when it has not said."""
        return None if self._booted_at is None else utc_text(self._booted_at + timedelta(seconds=uptime_s))

    def correct(self, row: Row, envelope: Envelope) -> Envelope:
        """Date an event anew whose clock could not be trusted, as far as that is possible."""
        draft = row.draft
        if draft.clock_synchronised or self._booted_at is None or draft.uptime_s is None or draft.boot != self._boot:
            return envelope
        stamped = read_utc(envelope.occurred_at)
        occurred = self._booted_at + timedelta(seconds=draft.uptime_s)
        if stamped is None:
            return msgspec.structs.replace(envelope, occurred_at=utc_text(occurred), corrected=True)
        return msgspec.structs.replace(
            envelope,
            occurred_at=utc_text(occurred),
            heard_at=_moved(envelope.heard_at, occurred - stamped),
            shown_at=_moved(envelope.shown_at, occurred - stamped),
            corrected=True,
        )


def read_utc(text: str) -> datetime | None:
    """Read ISO 8601 with `Z` or an offset; None for anything else."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def utc_text(at: datetime) -> str:
    """Give a time as ISO 8601 with milliseconds and `Z`, the protocol's form."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moved(text: str | None, by: timedelta) -> str | None:
    at = read_utc(text) if text else None
    if at is None:
        return text
    try:
        return utc_text(at + by)
    except OverflowError:
        return text
