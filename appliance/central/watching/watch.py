"""Looks at the whole fleet again and again, keeps what it saw, and has told what is news."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from appliance.central.database_thread import DatabaseThread
from appliance.central.watching import store
from appliance.central.watching.boxes import Box, Boxes, Change
from appliance.central.watching.hooks import Hook, hooks
from appliance.central.watching.judge import Known
from appliance.central.watching.known import known_boxes
from appliance.delivery.health import HealthMessage
from appliance.errors import BadInputError

LOOK_EVERY_S: Final = 5.0
"""A look at ten thousand boxes takes a tenth of a second, and nobody looks at the page more often."""

ASK_EVERY_S: Final = 30.0
"""How soon a box that was claimed just now stands on the page."""

Hear = Callable[[list[Change], list[Box]], Awaitable[None]]
"""Hears after every look what is news, and how all boxes are."""

_log = logging.getLogger(__name__)


class Watch:
    """The fleet and its database.

    `access` answers who may come, `tokens` is the file of the boxes without a certificate.
    """

    def __init__(
        self, boxes: Boxes, database: DatabaseThread, access: DatabaseThread, tokens: Path, hear: list[Hear]
    ) -> None:
        self.boxes = boxes
        self._database = database
        self._access = access
        self._tokens = tokens
        self._hear = hear
        self._known: dict[str, Known] = {}
        self._asked_s = -ASK_EVERY_S

    def receive(self, device: str, health: HealthMessage) -> None:
        """Take what a box tells of itself."""
        self.boxes.receive(device, health, datetime.now(UTC))

    async def hooks(self) -> list[Hook]:
        """Give the receivers of web hooks, and how they do."""
        return await self._database.ask(hooks)

    async def run(self, every_s: float) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except sqlite3.Error as error:
                _log.error("fleet_store error=%r", str(error))
            except BadInputError as error:
                _log.error("fleet_unknown error=%r kept=last_good", str(error))
            await asyncio.sleep(every_s)

    async def look(self) -> None:
        """Judge every box, keep what has changed, and tell what is news."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._asked_s >= ASK_EVERY_S:
            self._asked_s = now_s
            self._known = await self._access.ask(known_boxes, self._tokens)
        changes = self.boxes.look(self._known, datetime.now(UTC))
        for change in changes:
            _log.warning("box_state device=%s before=%s state=%s why=%r", *change[:4])
        for hear in self._hear:
            await hear(changes, self.boxes.all())
        rows, gone = self.boxes.to_keep()
        if rows or gone:
            await self._database.ask(store.keep_boxes, rows, gone)
