"""Tells the receivers of web hooks what waits for them, each at its own pace."""

import asyncio
import logging
import random
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from appliance.central.database_thread import DatabaseThread
from appliance.central.watching import hooks
from appliance.central.watching.boxes import Change
from appliance.central.watching.hooks import Hook
from appliance.errors import BadInputError
from appliance.version import VERSION

LOOK_EVERY_S: Final = 1.0
ANSWER_S: Final = 10.0
"""A receiver has to take note and answer; what it does with the news is for afterwards."""

MAX_FAULT: Final = 200

_log = logging.getLogger(__name__)


class PrivateAddressError(OSError):
    """A name leads to an address of a private network, and the hook may not go there."""


class PublicResolver(AbstractResolver):
    """Finds addresses of names, and refuses those that are not the internet's.

    The connection is made to the very address that was looked at, so a name cannot lead elsewhere meanwhile.
    """

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See `AbstractResolver`. Raises `PrivateAddressError` when none of the addresses may be used."""
        found = [each for each in await self._inner.resolve(host, port, family) if not hooks.is_private(each["host"])]
        if not found:
            raise PrivateAddressError(f"{host} is an address of a private network")
        return found

    async def close(self) -> None:
        """See `AbstractResolver`."""
        await self._inner.close()


class HookSender:
    """Sends what `hooks` keeps. A receiver that does not answer holds up nobody else."""

    def __init__(self, database: DatabaseThread, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Send until cancelled."""
        public = aiohttp.TCPConnector(resolver=PublicResolver(), limit_per_host=1)
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        headers = {"User-Agent": f"undertone/{VERSION}"}
        async with (
            aiohttp.ClientSession(connector=public, timeout=timeout, headers=headers) as outside,
            aiohttp.ClientSession(timeout=timeout, headers=headers) as anywhere,
        ):
            try:
                while True:
                    await self._look(outside, anywhere)
                    await asyncio.sleep(LOOK_EVERY_S)
            finally:
                for task in self._busy.values():
                    task.cancel()
                await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _look(self, outside: aiohttp.ClientSession, anywhere: aiohttp.ClientSession) -> None:
        self._busy = {name: task for name, task in self._busy.items() if not task.done()}
        try:
            waiting = [hook for hook in await self._database.ask(hooks.hooks) if hook.waiting]
        except sqlite3.Error as error:
            _log.error("hooks_store error=%r", str(error))
            return
        for hook in waiting:
            if hook.name not in self._busy:
                session = anywhere if hook.allow_private else outside
                self._busy[hook.name] = asyncio.create_task(self._tell(hook, session), name=f"hook {hook.name}")

    async def _tell(self, hook: Hook, session: aiohttp.ClientSession) -> None:
        """Tell one receiver all that is due, up to the first that it does not take."""
        while delivery := await self._database.ask(hooks.due, hook.name):
            fault = await self._post(hook, session, delivery.id, delivery.body)
            if fault:
                _log.warning("hook_failed hook=%s tries=%d fault=%r", hook.name, delivery.tries + 1, fault)
                await self._database.ask(hooks.failed, hook.name, delivery, fault, random.random())  # noqa: S311 - spread
                return
            await self._database.ask(hooks.told, hook.name, delivery)

    async def _post(self, hook: Hook, session: aiohttp.ClientSession, name: str, body: str) -> str:
        """Send once; gives what was wrong, or nothing."""
        try:
            hooks.check_url(hook.url, allow_private=hook.allow_private)
            secret = hooks.secret_file(self._folder, hook.name).read_text("ascii").strip()
            headers = {
                "Content-Type": "application/json",
                "Undertone-Delivery": name,
                hooks.SIGNATURE_HEADER: hooks.signature(secret, int(time.time()), body),
            }
            # A redirect would lead to where nobody has looked.
            async with session.post(hook.url, data=body, headers=headers, allow_redirects=False) as answer:
                return "" if answer.ok and answer.status < 300 else f"it answers HTTP {answer.status}"
        except TimeoutError:
            return f"no answer within {ANSWER_S:g} s"
        except (OSError, aiohttp.ClientError, BadInputError, ValueError) as error:
            # What aiohttp wraps says more than what it says itself.
            return (str(error.__cause__ or error) or type(error).__name__)[:MAX_FAULT]


def health_news(changes: list[Change]) -> list[dict[str, Any]]:
    """Give changes of boxes as they are told."""
    return [{"kind": "health", **change._asdict()} for change in changes]
