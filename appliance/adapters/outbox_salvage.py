"""What to do with an outbox file that is damaged: keep it, and save from it what can be read."""

import logging
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import msgspec

from appliance.adapters.outbox_store import row_of
from appliance.delivery.envelope import Row, UnfinishedCall

MAX_ASIDE: Final = 5
"""A disk that damages file after file must not be filled with them; after this many the last one is replaced."""


class Salvage(msgspec.Struct, frozen=True):
    """What could be read of a damaged file; `reserved` is 0 when even that is unknown."""

    rows: tuple[Row, ...]
    calls: tuple[UnfinishedCall, ...]
    reserved: int
    welcomed: bool


def set_aside(path: Path) -> Salvage:
    """Rename a damaged database and its log to the first free `NAME.corrupt-N`, and give what it still holds.

    Raises `OSError` when the folder lets nothing be renamed.
    """
    if not path.exists():
        return Salvage((), (), 0, welcomed=True)
    names = [path.with_name(f"{path.name}.corrupt-{n}") for n in range(1, MAX_ASIDE + 1)]
    aside = next((name for name in names if not name.exists()), names[-1])
    path.rename(aside)
    with suppress(FileNotFoundError):
        path.with_name(path.name + "-wal").rename(aside.with_name(aside.name + "-wal"))
    saved = _salvage(aside)
    _log.error("outbox=%s kept_as=%s saved=%d", path, aside.name, len(saved.rows))
    return saved


def _salvage(path: Path) -> Salvage:
    """Read what can still be read of a damaged file: from the oldest event on, and from the newest one back."""
    rows: dict[int, Row] = {}
    calls: list[UnfinishedCall] = []
    reserved, welcomed = 0, True
    with closing(sqlite3.connect(path)) as db:
        for order in ("ASC", "DESC"):
            with suppress(sqlite3.Error):
                for columns in db.execute(f"SELECT * FROM events ORDER BY seq {order}"):  # noqa: S608 - two words
                    rows[columns[0]] = row_of(columns)
        with suppress(sqlite3.Error):
            calls = [UnfinishedCall(*columns) for columns in db.execute("SELECT call, end_sample FROM open_calls")]
        with suppress(sqlite3.Error, TypeError):
            reserved, welcomed = db.execute("SELECT reserved, welcomed FROM counter").fetchone()
    return Salvage(tuple(rows[seq] for seq in sorted(rows)), tuple(calls), int(reserved), welcomed=bool(welcomed))


_log = logging.getLogger(__name__)
