"""The commands that one device was given and has not answered yet, by their ids, in whatever order answers come."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from appliance.delivery.messages import Command, Result


class LinkLostError(Exception):
    """The device went away before it answered."""


class Asked:
    """What a device was asked on one connection."""

    def __init__(self, send: Callable[[Command], Awaitable[None]]) -> None:
        self._send = send
        self._answers: dict[str, asyncio.Future[Result]] = {}

    async def ask(self, name: str, arguments: dict[str, Any], within_s: float) -> Result:
        """Send a command and wait for its result. Raises `TimeoutError` and `LinkLostError`."""
        command = Command(id=uuid.uuid4().hex, name=name, arguments=arguments)
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._answers[command.id] = answer
        try:
            async with asyncio.timeout(within_s):
                await self._send(command)
                return await answer
        except ConnectionError as error:
            raise LinkLostError from error
        finally:
            self._answers.pop(command.id, None)

    def receive(self, result: Result) -> None:
        """Take a result; one that nobody waits for any more is passed over."""
        answer = self._answers.pop(result.id, None)
        if answer is not None and not answer.done():
            answer.set_result(result)

    def give_up(self) -> None:
        """Tell all who wait that the device is gone."""
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(LinkLostError())
