"""The server's own UTC, in the one form that is stored, sent and shown."""

from datetime import UTC, datetime


def utc_now() -> str:
    """Give the present time as ISO 8601 with milliseconds and `Z`; such texts sort by time."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
