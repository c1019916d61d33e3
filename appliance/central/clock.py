"""The server's own UTC, in the one form that is stored, sent and shown."""

from datetime import UTC, datetime


def utc_now() -> str:
    """Give the present time as ISO 8601 with milliseconds and `Z`; such texts sort by time."""
    return as_text(datetime.now(UTC))


def as_text(at: datetime) -> str:
    """Give a time in UTC in the same form."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
