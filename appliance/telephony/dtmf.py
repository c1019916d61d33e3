"""Telephone keys sent beside the voice (RFC 4733; RFC 2833 before it).

A key is told by many packets with one timestamp: their duration grows, the last ones, sent three times, carry the end
bit. It counts once, whichever of them arrive.
"""

import struct
from typing import Final, NamedTuple

from appliance.errors import BadInputError

KEYS: Final = "0123456789*#ABCD"
"""By event code; further codes are tones of a line, no keys (section 3.2 and its registry)."""

_EVENT: Final = struct.Struct(">BBH")


class KeyReport(NamedTuple):
    """What one packet says: the key, and for how long, in the payload's clock, it has been down."""

    key: str
    is_over: bool
    level_dbm0: int
    duration: int


class KeyPress(NamedTuple):
    """A key that was pressed, from its timestamp on."""

    key: str
    timestamp: int
    duration: int


def parse_key(payload: bytes) -> KeyReport | None:
    """Read a telephone-event payload; None for an event that is no key.

    Raises `BadInputError` for what is shorter than an event.
    """
    if len(payload) < _EVENT.size:
        raise BadInputError(f"telephone event has {len(payload)} bytes, less than one event")
    code, flags, duration = _EVENT.unpack_from(payload)
    if code >= len(KEYS):
        return None
    return KeyReport(KEYS[code], bool(flags & 0x80), -(flags & 0x3F), duration)


class Keypad:
    """Tells the keys of one stream, each once."""

    def __init__(self) -> None:
        self._down: KeyPress | None = None
        self._last_timestamp: int | None = None

    def receive(self, payload: bytes, timestamp: int) -> list[KeyPress]:
        """Take an event packet; give the keys that are known to be over by it."""
        report = parse_key(payload)
        if report is None:
            return []
        over = self.finish() if self._down and self._down.timestamp != timestamp else []
        if timestamp == self._last_timestamp:
            return over  # the end is told three times
        before = self._down.duration if self._down else 0
        self._down = KeyPress(report.key, timestamp, max(report.duration, before))
        return over + self.finish() if report.is_over else over

    def finish(self) -> list[KeyPress]:
        """Give the key whose end never came, as the voice goes on or the call ends."""
        down, self._down = self._down, None
        if down is None:
            return []
        self._last_timestamp = down.timestamp
        return [down]
