"""Questions to the store. Each takes a connection and gives values that are ready to be sent as JSON."""

import sqlite3
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from appliance.central import bulk
from appliance.events import seconds

_LEVELS: Final = ("normal", "attention", "urgent")

_COLUMNS: Final = """
c.device, c.call, first_seq, started_at, ended_at, end_reason, end_sample, newest_stored_at, clock_synchronised,
       line, language, engine, model, events, utterances, gaps,
       (SELECT count(*) FROM alerts a WHERE a.device=c.device AND a.call=c.call AND NOT withdrawn),
       (SELECT max(CASE level WHEN 'urgent' THEN 2 WHEN 'attention' THEN 1 ELSE 0 END)
          FROM alerts a WHERE a.device=c.device AND a.call=c.call AND NOT withdrawn)
"""

_SUMMARY: Final = f"SELECT {_COLUMNS} FROM calls c "  # noqa: S608 - our own words

_SUMMARIES: Final = f"""
WITH wanted (device, call) AS (VALUES {{places}})
SELECT json_group_array(json_array({_COLUMNS})) FROM wanted CROSS JOIN calls c USING (device, call)
"""  # noqa: S608 - as above


class CallSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One call in a list. `level` is the highest of its alerts and `alerts` their number, withdrawn ones left out.

    `duration_s` is media time up to the newest event; `ended_at` and `end_reason` are null while no end is known.
    `clock_synchronised` tells whether `started_at` can be trusted.
    """

    device: str
    call: str
    first_seq: int
    started_at: str
    ended_at: str | None
    end_reason: str | None
    duration_s: float
    newest_stored_at: str
    clock_synchronised: bool
    line: str | None
    language: str | None
    engine: str | None
    model: str | None
    events: int
    utterances: int
    gaps: int
    alerts: int
    level: str


class KnownDevice(msgspec.Struct, frozen=True, kw_only=True):
    """What the store remembers of a device, with its newest call."""

    device: str
    firmware: str
    models: tuple[str, ...]
    rules: str
    clock_synchronised: bool
    last_seen: str
    newest_call: CallSummary | None


def through(connection: sqlite3.Connection, device: str) -> int:
    """Give the number up to which everything of `device` is stored, 0 when there is nothing."""
    row = connection.execute("SELECT through FROM progress WHERE device=?", (device,)).fetchone()
    return int(row[0]) if row else 0


def newest_seq(connection: sqlite3.Connection, device: str) -> int:
    """Give the greatest stored sequence number of `device`, 0 when there is none."""
    row = connection.execute("SELECT max(seq) FROM events WHERE device=?", (device,)).fetchone()
    return int(row[0] or 0)


def call_summary(connection: sqlite3.Connection, device: str, call: str) -> CallSummary | None:
    """Give the sums of one call, or None when no event of it is stored."""
    row = connection.execute(_SUMMARY + "WHERE device=? AND call=?", (device, call)).fetchone()
    return _summary(row) if row else None


def call_summaries(connection: sqlite3.Connection, keys: Sequence[tuple[str, str]]) -> list[CallSummary]:
    """Give the sums of many calls, by device and call: few statements and few rows, for the reason in `bulk`."""
    summaries: list[CallSummary] = []
    for part in bulk.parts(keys):
        found = connection.execute(_SUMMARIES.format(places=bulk.places(part)), bulk.values(part)).fetchone()[0]
        summaries += map(_summary, msgspec.json.decode(found))
    return summaries


def calls(
    connection: sqlite3.Connection, devices: Collection[str] | None, before: str | None, limit: int
) -> list[CallSummary]:
    """Give up to `limit` calls that started before `before`, newest first, of these devices or of all."""
    wanted = (
        "WHERE (?1 IS NULL OR device IN (SELECT value FROM json_each(?1))) AND (?2 IS NULL OR started_at<?2)"
        " ORDER BY started_at DESC LIMIT ?3"
    )
    names = None if devices is None else msgspec.json.encode(sorted(devices)).decode()
    rows = connection.execute(_SUMMARY + wanted, (names, before, limit))
    return [_summary(row) for row in rows]


def call_events(connection: sqlite3.Connection, device: str, call: str) -> list[dict[str, Any]]:
    """Give every stored event of one call in order of `seq`: the envelope's fields and `stored_at`."""
    rows = connection.execute(
        "SELECT seq, call, occurred_at, heard_at, shown_at, clock_synchronised, stored_at, event, corrected"
        " FROM events WHERE device=? AND call=? ORDER BY seq",
        (device, call),
    )
    return [
        {
            "seq": seq, "call": call_name, "occurred_at": occurred_at, "heard_at": heard_at, "shown_at": shown_at,
            "clock_synchronised": bool(clock), "corrected": bool(corrected), "stored_at": stored_at,
            "event": msgspec.Raw(event.encode()),
        }
        for seq, call_name, occurred_at, heard_at, shown_at, clock, stored_at, event, corrected in rows
    ]  # fmt: skip


def known_devices(connection: sqlite3.Connection) -> list[KnownDevice]:
    """Give every device that ever connected, by name."""
    rows = connection.execute(
        "SELECT device, firmware, models, rules, clock_synchronised, last_seen FROM devices ORDER BY device"
    )
    return [
        KnownDevice(
            device=device, firmware=firmware, models=msgspec.json.decode(models, type=tuple[str, ...]), rules=rules,
            clock_synchronised=bool(clock), last_seen=last_seen, newest_call=_newest_call(connection, device),
        )
        for device, firmware, models, rules, clock, last_seen in rows.fetchall()
    ]  # fmt: skip


def totals(connection: sqlite3.Connection) -> dict[str, Any]:
    """Give how many events are stored, in all and per device, with each device's greatest sequence number."""
    rows = connection.execute("SELECT device, sum(events) FROM calls GROUP BY device ORDER BY device").fetchall()
    devices = {device: {"events": count, "newest_seq": newest_seq(connection, device)} for device, count in rows}
    return {"events": sum(entry["events"] for entry in devices.values()), "devices": devices}


def _newest_call(connection: sqlite3.Connection, device: str) -> CallSummary | None:
    row = connection.execute(_SUMMARY + "WHERE device=? ORDER BY first_seq DESC LIMIT 1", (device,)).fetchone()
    return _summary(row) if row else None


def _summary(row: Sequence[Any]) -> CallSummary:
    names = CallSummary.__struct_fields__
    ready = {name: value for name, value in zip(names, row, strict=True) if name not in {"duration_s", "level"}}
    ready["clock_synchronised"] = bool(ready["clock_synchronised"])
    return CallSummary(**ready, duration_s=seconds(row[names.index("duration_s")]), level=_LEVELS[row[-1] or 0])
