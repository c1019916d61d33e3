"""The composition of all that watches the fleet, and in which order it stops."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from appliance.central.bus import DeviceState
from appliance.central.database_thread import DatabaseThread
from appliance.central.watching import hooks, store
from appliance.central.watching.boxes import Box, Boxes, Change
from appliance.central.watching.hook_sender import HookSender, health_news
from appliance.central.watching.watch import Watch


class Places(NamedTuple):
    """Where the files are: the folder of the fleet's database and secrets, and the file of the devices' tokens."""

    folder: Path
    tokens: Path


@contextlib.asynccontextmanager
async def watching(
    devices: Callable[[], list[DeviceState]], access: DatabaseThread, places: Places, every_s: float
) -> AsyncIterator[Watch]:
    """Watch the fleet inside `async with`; what was seen last is kept on the way out.

    `devices` gives what the links know, `access` answers who may come. Raises `BadInputError` when the database cannot
    be used.
    """
    database = DatabaseThread(store.open_fleet(places.folder), "central-fleet")

    async def announce(changes: list[Change], _boxes: list[Box]) -> None:
        if changes:
            await database.ask(hooks.put_news, health_news(changes))

    try:
        boxes = Boxes(devices, await database.ask(store.box_rows), datetime.now(UTC))
        watch = Watch(boxes, database, access, places.tokens, [announce])
        sender = HookSender(database, places.folder)
        tasks = [
            asyncio.create_task(watch.run(every_s), name="watch"),
            asyncio.create_task(sender.run(), name="hooks"),
        ]
        try:
            yield watch
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(sqlite3.Error):
                await database.ask(store.keep_boxes, *boxes.to_keep())
    finally:
        database.close()
