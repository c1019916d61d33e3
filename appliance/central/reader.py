"""The thread that reads the store, so that the event loop never waits for the disk."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from appliance.central import store

P = ParamSpec("P")
T = TypeVar("T")


class StoreReader:
    """Runs the functions of `queries` one after another on a connection that sees what was committed."""

    def __init__(self, path: Path) -> None:
        self._connection = store.open_for_reading(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="central-reader")

    async def ask(
        self, question: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Give the answer to `question(connection, ...)`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: question(self._connection, *args, **kwargs))

    def close(self) -> None:
        """Let the last question finish and close the connection."""
        self._thread.shutdown()
        self._connection.close()
