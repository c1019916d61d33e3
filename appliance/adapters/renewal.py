"""Keeps the box's certificate fresh, and follows a change of the authority, while the device runs."""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from appliance.adapters.enrolment import learn, renew
from appliance.adapters.identity import read_identity
from appliance.adapters.uplink_server import Server
from appliance.errors import BadInputError

LOOK_EVERY_S: Final = 3600.0
"""A box renews within this time of two thirds of its certificate's life, a month before its end; and it learns a new
authority within this time. A thousand boxes are a question every few seconds for the server."""

_log = logging.getLogger(__name__)


class Renewal:
    """Asks the server from time to time whom to trust, and gets a new certificate when it is time.

    What fails is tried again at the next look; what people have to know of it the uplink tells, which has the same
    trouble.
    """

    def __init__(
        self,
        server: Server,
        folder: Path,
        *,
        look_every_s: float = LOOK_EVERY_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._server = server
        self._folder = folder
        self._look_every_s = look_every_s
        self._now = now

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            # Boxes that started together do not ask together.
            await asyncio.sleep(self._look_every_s * random.uniform(0.05, 1.0))  # noqa: S311 - no secret
            try:
                await asyncio.to_thread(self.look)
            except BadInputError as error:
                _log.warning("event=renewal_failed error=%r mend=%r", str(error), error.mend)
            except OSError as error:
                _log.error("event=renewal_failed error=%r", str(error))

    def look(self) -> bool:
        """Look once; tells whether there is a new certificate. Raises `BadInputError` and `OSError`."""
        before = read_identity(self._folder)
        told = learn(self._server, self._folder)
        if not told.renew and self._now() < before.renew_at:
            return False
        renew(self._server, self._folder)
        after = read_identity(self._folder)
        _log.warning("event=certificate_renewed device=%s ends_at=%s", after.device, after.ends_at.isoformat())
        return True
