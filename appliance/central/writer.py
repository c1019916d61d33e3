"""The thread that commits: whatever has arrived meanwhile goes into the next transaction.

So a lone event is committed at once, and a hundred devices share one flush of the disk. The event loop only puts
items into the queue; how much can wait there is bounded by the links, each of which stops reading its device when
too many of its events are not committed yet.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from appliance.central import store
from appliance.central.clock import utc_now
from appliance.central.repeats import Repeats

MAX_BATCH: Final = 1_000
"""Items in one transaction: about 20 ms of work, so that an acknowledgement is never late by more than that."""

RETRY_EVERY_S: Final = 1.0
"""How long to wait when the disk refuses (full, for instance) before the same batch is tried again."""

_COMMIT_TIMES_KEPT: Final = 1_000

_log = logging.getLogger(__name__)


class Writer:
    """Owns the only writing connection. Make it inside the event loop; `close` it when nothing more will come.

    `saved` is called in the event loop after each commit. While the disk refuses, `fault` says why; nothing is
    acknowledged then, and the batch waits.
    """

    def __init__(self, path: Path, saved: Callable[[store.Saved], None]) -> None:
        self._connection = store.open_database(path)
        self._saved = saved
        self._loop = asyncio.get_running_loop()
        self._items: queue.SimpleQueue[store.Arrival | store.Contact | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._commit_ms: deque[float] = deque(maxlen=_COMMIT_TIMES_KEPT)
        self.fault = ""
        self.conflicts = 0
        self._repeats = Repeats(_log)
        self._thread = threading.Thread(target=self._run, name="central-writer", daemon=True)
        self._thread.start()

    def put(self, item: store.Arrival | store.Contact) -> None:
        """Queue an item; never waits."""
        self._items.put(item)

    def statistics(self) -> dict[str, Any]:
        """Give the time that the newest commits took, and what is wrong, for people who watch the server."""
        times = sorted(self._commit_ms)
        at = {name: times[int(len(times) * share)] if times else None for name, share in (("p50", 0.5), ("p95", 0.95))}
        return {"commit_ms": at, "fault": self.fault, "conflicts": self.conflicts}

    async def close(self) -> None:
        """Commit everything that was put, then end the thread and close the file."""
        self._stopping.set()
        self._items.put(None)
        await asyncio.to_thread(self._thread.join)
        self._connection.close()

    def _run(self) -> None:
        while batch := self._next_batch():
            self._commit(batch)

    def _next_batch(self) -> list[store.Arrival | store.Contact]:
        item = self._items.get()
        batch = []
        while item is not None:
            batch.append(item)
            if len(batch) == MAX_BATCH or self._items.empty():
                return batch
            item = self._items.get()
        if batch:
            self._items.put(None)  # the end was seen in the middle of a batch: see it again after this one
        return batch

    def _commit(self, batch: list[store.Arrival | store.Contact]) -> None:
        while True:
            begun = time.perf_counter()
            try:
                saved = store.save(self._connection, batch, utc_now)
            except sqlite3.Error as error:
                self._note_fault(str(error))
                if self._stopping.wait(RETRY_EVERY_S):
                    return  # not acknowledged, so the devices still have all of it
                continue
            self._commit_ms.append(round((time.perf_counter() - begun) * 1000, 3))
            self._note_fault("")
            self._loop.call_soon_threadsafe(self._deliver, batch, saved)
            return

    def _deliver(self, batch: list[store.Arrival | store.Contact], saved: store.Saved) -> None:
        for item in batch:
            if isinstance(item, store.Arrival):
                item.committed(item)
        for item in saved.conflicts:
            self.conflicts += 1
            cause, number = f"{item.device} conflict", item.envelope.seq
            self._repeats.warn(
                cause, "event_conflict device=%s seq=%d kept=first", item.device, number, level=logging.ERROR
            )
        self._saved(saved)

    def _note_fault(self, fault: str) -> None:
        if fault != self.fault:
            _log.log(logging.ERROR if fault else logging.INFO, "store state=%s", repr(fault) if fault else "ok")
        self.fault = fault
