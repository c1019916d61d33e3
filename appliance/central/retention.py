"""Once a day deletes what is older than it may be, and keeps in the record that it did."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from appliance.central import deletion
from appliance.central.access import audit
from appliance.central.clock import as_text
from appliance.central.database_thread import DatabaseThread
from appliance.central.retention_settings import Keep

AGAIN_S: Final = 3600.0
"""After a run that could not clear the files: a long reader was in the way, or the disk is full."""

_log = logging.getLogger(__name__)


class Run(NamedTuple):
    """What one run deleted: calls that lost their words, calls, entries of the record; `gone`: no file holds them."""

    words: int
    calls: int
    audit: int
    gone: bool

    def told(self) -> str:
        """Give it for the log and the record."""
        return f"words={self.words} calls={self.calls} audit={self.audit} gone={'yes' if self.gone else 'no'}"


def run_once(
    calls: sqlite3.Connection,
    access: sqlite3.Connection,
    keep: Keep,
    who: str,
    forget: Callable[[str, str], None] = lambda _device, _call: None,
) -> Run:
    """Delete what is too old now, and note it in the record."""
    deletion.prepare(calls)
    deletion.prepare(access)
    whole = deletion.delete_calls(calls, _before(keep.calls_days)) if keep.calls_days is not None else []
    words = deletion.delete_words(calls, _before(keep.words_days)) if keep.words_days is not None else []
    entries = deletion.delete_entries(access, _before(keep.audit_days)) if keep.audit_days is not None else 0
    for device, call in whole:
        forget(device, call)
    # Looked at also when nothing was deleted now: the run before may not have come to its end.
    gone = [deletion.scrub(connection) for connection in (calls, access)]
    done = Run(len(words), len(whole), entries, all(gone))
    audit.note(access, who, "retention", "", details=done.told())
    return done


def due(calls: sqlite3.Connection, access: sqlite3.Connection, keep: Keep) -> Run:
    """Count what `run_once` would delete, and change nothing."""
    whole = set(deletion.old_calls(calls, _before(keep.calls_days)) if keep.calls_days is not None else [])
    words = set(deletion.old_words(calls, _before(keep.words_days)) if keep.words_days is not None else []) - whole
    entries = deletion.old_entries(access, _before(keep.audit_days)) if keep.audit_days is not None else 0
    return Run(len(words), len(whole), entries, gone=False)


def until(keep: Keep, now: datetime) -> float:
    """Give the seconds from `now`, a local time, to the next run."""
    next_run = now.replace(hour=keep.at.hour, minute=keep.at.minute, second=0, microsecond=0)
    if next_run <= now:
        next_run += timedelta(days=1)
    return (next_run - now).total_seconds()


class Retention:
    """Runs at the start and then once a day. `forget` is called in the event loop for each call that was deleted."""

    def __init__(
        self, calls: DatabaseThread, access: sqlite3.Connection, keep: Keep, forget: Callable[[str, str], None]
    ) -> None:
        self._calls = calls
        self._access = access
        self._keep = keep
        self._forget = forget

    async def run(self) -> None:
        """Delete again and again, until cancelled."""
        while True:
            pause_s = AGAIN_S
            try:
                if (await self.look()).gone:
                    pause_s = until(self._keep, datetime.now().astimezone())
            except sqlite3.Error as error:
                _log.error("retention error=%r again_in_s=%.0f", str(error), AGAIN_S)
            await asyncio.sleep(pause_s)

    async def look(self) -> Run:
        """Delete what is too old now."""
        loop = asyncio.get_running_loop()

        def forget(device: str, call: str) -> None:
            loop.call_soon_threadsafe(self._forget, device, call)

        done = await self._calls.ask(run_once, self._access, self._keep, audit.SERVER, forget)
        _log.info("retention %s", done.told())
        return done


def _before(days: float) -> str:
    return as_text(datetime.now(UTC) - timedelta(days=days))
