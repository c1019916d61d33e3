"""The composition of all that watches the fleet, and in which order it stops."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from appliance.central.bus import DeviceState
from appliance.central.database_thread import DatabaseThread
from appliance.central.updates import rollouts
from appliance.central.watching import hooks, store
from appliance.central.watching.boxes import Box, Boxes, Change
from appliance.central.watching.hook_sender import HookSender, health_news
from appliance.central.watching.watch import Watch

_log = logging.getLogger(__name__)


class Places(NamedTuple):
    """Where the files are: the folder of the fleet's database and secrets, and the file of the devices' tokens."""

    folder: Path
    tokens: Path


class Fleet(NamedTuple):
    """The boxes as they are, and the database of the fleet."""

    watch: Watch
    database: DatabaseThread


@contextlib.asynccontextmanager
async def watching(
    devices: Callable[[], list[DeviceState]], access: DatabaseThread, places: Places, every_s: float
) -> AsyncIterator[Fleet]:
    """Watch the fleet inside `async with`; what was seen last is kept on the way out.

    `devices` gives what the links know, `access` answers who may come. Raises `BadInputError` when the database cannot
    be used.
    """
    database = DatabaseThread(store.open_fleet(places.folder), "central-fleet")

    async def announce(changes: list[Change], boxes: list[Box]) -> None:
        now = datetime.now(UTC)
        stopped = await database.ask(rollouts.look, rollouts.seen_boxes(boxes, now), now)
        for each in stopped:
            _log.error("update_halted number=%d why=%r", each["number"], each["why"])
        if news := [*health_news(changes), *stopped]:
            await database.ask(hooks.put_news, news)

    try:
        boxes = Boxes(devices, await database.ask(store.box_rows), datetime.now(UTC))
        watch = Watch(boxes, database, access, places.tokens, [announce])
        sender = HookSender(database, places.folder)
        tasks = [
            asyncio.create_task(watch.run(every_s), name="watch"),
            asyncio.create_task(sender.run(), name="hooks"),
        ]
        try:
            yield Fleet(watch, database)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(sqlite3.Error):
                await database.ask(store.keep_boxes, *boxes.to_keep())
    finally:
        database.close()
