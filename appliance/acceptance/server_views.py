"""What of a server only its own API shows: that each event is stored once, and that results find their commands.

The API is the reference server's; another server's lines stay unchecked, unless it answers the same addresses.
"""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any, Final
from urllib.parse import urlsplit

from appliance.acceptance.wire import ANSWER_S, CALL, Target, UnexpectedError
from appliance.delivery import messages


class NotCheckedError(Exception):
    """This server does not show what the check has to see."""


async def stores_once(target: Target) -> None:
    """Check that what was sent several times, in turn and in advance, is found once and in order."""
    async with target.wire() as wire:
        first = wire.base + 1
        for seq in (first, first, first + 1):
            await wire.event(seq)
        await wire.event(first + 4, urgent=True)
        await wire.event(first + 4, urgent=True)
        for seq in range(first + 1, first + 5):
            await wire.event(seq)
        await wire.until_acked(first + 4)
    answer = await ask(target, f"/api/calls/{target.device}/{CALL}")
    stored = [entry["seq"] for entry in answer.get("events", []) if entry["seq"] >= first]
    if stored != list(range(first, first + 5)):
        raise UnexpectedError(f"of the numbers {first} to {first + 4} it has stored {stored}")


async def tells_results_apart(target: Target) -> None:
    """Check that of two commands, answered the other way round, each gets its own result."""
    path = f"/api/calls/{target.device}/{CALL}/context"
    async with target.wire() as wire:
        asked = [asyncio.create_task(ask(target, path, {"tier": tier})) for tier in ("one", "two")]
        commands: list[messages.Command] = []
        while len(commands) < 2:
            waiting = asyncio.create_task(wire.until(messages.Command))
            done, _ = await asyncio.wait([waiting, *asked], return_when=asyncio.FIRST_COMPLETED)
            if waiting not in done:
                waiting.cancel()
                await asyncio.gather(*asked)
                raise NotCheckedError("the server answers for its device")
            commands.append(waiting.result())
        for command in reversed(commands):
            await wire.say(messages.Result(id="nobody asked", ok=True))
            await wire.say(messages.Result(id=command.id, ok=False, error=str(command.arguments.get("tier"))))
        async with asyncio.timeout(ANSWER_S):
            told = [answer.get("error") for answer in await asyncio.gather(*asked)]
    if told != ["one", "two"]:
        raise UnexpectedError(f"the results one and two reached those who asked as {told}")


async def ask(target: Target, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask the server's API. Raises `NotCheckedError` where it has none for us."""
    parts = urlsplit(target.url)
    url = f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}{path}"
    return await asyncio.to_thread(_ask, url, body, target.api_headers)


_TOLD: Final = frozenset({409, 422, 504})
"""Answers of the device, not of the address."""


def _ask(url: str, body: dict[str, Any] | None, headers: dict[str, str]) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} | headers)  # noqa: S310 - http(s), see `ask`
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as response:  # noqa: S310 - as above
            return dict(json.load(response))
    except urllib.error.HTTPError as error:
        with error:
            if error.code in _TOLD:
                return dict(json.load(error))
        raise NotCheckedError(f"its API answers HTTP {error.code}") from None
    except (OSError, ValueError) as error:
        raise NotCheckedError("it has no API of the reference server's kind") from error
