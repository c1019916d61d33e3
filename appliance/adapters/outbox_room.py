"""What goes when the server is away for so long that the backlog has no room: the oldest, and alerts last.

First go events of the oldest calls, each call's loss declared by a `gap` of it; then, when nothing else is left, what
says that there was a call, and last of all alerts, declared by one gap of no call. What is dropped and what declares it
are one transaction, so that no power cut lets the one happen without the other.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from appliance.adapters import clock
from appliance.adapters.outbox_store import OutboxStore
from appliance.config import BACKLOG_MB
from appliance.delivery.envelope import Draft, Row, head
from appliance.delivery.losses import Losses
from appliance.delivery.urgent import URGENT_TYPES

BACKLOG_BYTES: Final = BACKLOG_MB * 1_000_000

SPARE: Final = 0.1
"""The share that is made free at once: so this happens seldom, and a gap stands for many events."""

KEEP_NEWEST: Final = 1_024
"""Never dropped: what the uplink holds in memory and may be sending just now."""

FRAME_TYPES: Final = frozenset({"call_started", "call_ended", "gap"})

UNKNOWN_CALL: Final = "unknown"
"""Names no call: events were lost, and nothing that is left says of which call."""

_ROW_BYTES: Final = 120
"""What a row takes beside its event: numbers, times, names."""

_READ_ROWS: Final = 512
_RANKS: Final = 3


class Room:
    """Keeps the backlog within `limit_bytes` of the disk."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._gone_through = [0] * _RANKS  # up to these numbers nothing of each rank is left

    def victims(self, store: OutboxStore, last_seq: int) -> list[Row]:
        """Give what has to go, none while there is room. Raises `sqlite3.Error`."""
        used_bytes = store.used_bytes()
        if used_bytes <= self._limit_bytes:
            return []
        excess_bytes = int(used_bytes - self._limit_bytes * (1 - SPARE))
        found: list[Row] = []
        for rank in range(_RANKS):
            oldest = self._oldest(store, rank, excess_bytes, last_seq - KEEP_NEWEST)
            found += oldest
            excess_bytes -= sum(map(_size_bytes, oldest))
        return found

    def dropped(self, rows: Sequence[Row]) -> None:
        """Take that these are gone."""
        for row in rows:
            self._gone_through[_rank(row)] = max(self._gone_through[_rank(row)], row.seq)

    def _oldest(self, store: OutboxStore, rank: int, bytes_wanted: int, up_to: int) -> list[Row]:
        found: list[Row] = []
        after = self._gone_through[rank]
        while bytes_wanted > 0 and (rows := store.read_after(after, _READ_ROWS)) and rows[0].seq <= up_to:
            for row in rows:
                if row.seq <= up_to and _rank(row) == rank and bytes_wanted > 0:
                    found.append(row)
                    bytes_wanted -= _size_bytes(row)
            after = rows[-1].seq
        return found


def declarations(losses: Losses, victims: Sequence[Row]) -> list[Draft]:
    """Give the gaps that declare these losses, and that the victims are gone."""
    both = Losses()
    both.merge(losses)
    for row in victims:
        both.note(msgspec.structs.replace(row.draft, call=UNKNOWN_CALL) if _rank(row) else row.draft)
    return both.declarations()


def undated() -> Draft:
    """Give what a loss is declared as when nothing is left of what was lost."""
    return Draft(call=UNKNOWN_CALL, occurred_at=clock.utc(), clock_synchronised=clock.is_synchronised(), event=b"{}")


def _rank(row: Row) -> int:
    kind = head(row.draft.event).type
    return 2 if kind in URGENT_TYPES else int(kind in FRAME_TYPES)


def _size_bytes(row: Row) -> int:
    return len(row.draft.event) + _ROW_BYTES
