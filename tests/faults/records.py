"""What is durable: on the device in its outbox, at the server in its store."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from .programs import DEVICE, Site


class Record(NamedTuple):
    """One event: its number, its call, and what happened."""

    seq: int
    call: str
    event: dict[str, Any]


def in_outbox(state: Path, scratch: Path) -> list[Record]:
    """Read what is committed in a dead device's outbox, in a copy, so that nothing is mended before it starts again."""
    scratch.mkdir(exist_ok=True)
    for name in ("outbox.db", "outbox.db-wal"):
        (scratch / name).unlink(missing_ok=True)
        if (state / name).exists():
            shutil.copy(state / name, scratch / name)
    with closing(sqlite3.connect(scratch / "outbox.db")) as db:
        if not db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'events'").fetchone()[0]:
            return []
        rows = db.execute("SELECT seq, call, event FROM events ORDER BY seq").fetchall()
    return [Record(seq, call, json.loads(event)) for seq, call, event in rows]


def at_server(site: Site, device: str = DEVICE) -> list[Record]:
    """Read what the server has stored of a device, in the order in which it was stored."""
    with closing(sqlite3.connect(site.store)) as db:
        query = "SELECT seq, call, event FROM events WHERE device = ? ORDER BY rowid"
        return [Record(seq, call, json.loads(event)) for seq, call, event in db.execute(query, (device,))]


def of_type(records: list[Record], *types: str) -> list[dict[str, Any]]:
    return [record.event for record in records if record.event["type"] in types]


def calls(records: list[Record]) -> dict[str, list[dict[str, Any]]]:
    """Give the events of each call."""
    found: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        found.setdefault(record.call, []).append(record.event)
    return found


def assert_once_and_in_order(records: list[Record]) -> None:
    numbers = [record.seq for record in records]
    assert numbers == sorted(set(numbers))
