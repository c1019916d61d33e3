"""The table of conformance: one line for each property, with what was found."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Final, Literal

import msgspec
from websockets.exceptions import WebSocketException

from appliance.acceptance import device_checks
from appliance.acceptance.device_stage import Stage
from appliance.acceptance.server_checks import CHECKS, Check
from appliance.acceptance.server_views import NotCheckedError, stores_once, tells_results_apart
from appliance.acceptance.wire import Target, UnexpectedError

CHECK_S: Final = 60.0
"""For one line: each takes seconds, and a server that hangs must not hold the table."""


DEVICE_CHECK_S: Final = 180.0
"""For one line that a device has to come for three times, each after its longest back-off."""


class Line(msgspec.Struct, frozen=True):
    """One property: whether it holds, was not checked, or what happened instead."""

    area: str
    name: str
    outcome: Literal["passed", "failed", "not_checked"]
    text: str = ""


VIEWS: Final[tuple[tuple[str, str, Check], ...]] = (
    ("delivery", "each event is stored once", stores_once),
    ("commands", "results in another order find their commands", tells_results_apart),
)
"""What has to be seen through the server's own API."""


async def server_table(
    target: Target, checks: Sequence[tuple[str, str, Check]] = (*CHECKS, *VIEWS)
) -> AsyncIterator[Line]:
    """Drive a server through every check, one after another."""
    for area, name, check in checks:
        yield await _line(area, name, check(target), CHECK_S)


async def device_table(stage: Stage) -> AsyncIterator[Line]:
    """Play every check to the device that comes to the stage, one after another."""
    for area, name, check in device_checks.CHECKS:
        yield await _line(area, name, check(stage), DEVICE_CHECK_S)


async def _line(area: str, name: str, checking: Awaitable[None], within_s: float) -> Line:
    try:
        async with asyncio.timeout(within_s):
            await checking
    except NotCheckedError as error:
        return Line(area, name, "not_checked", str(error))
    except TimeoutError:
        return Line(area, name, "failed", "no answer")
    except (UnexpectedError, WebSocketException, OSError, ValueError) as error:
        return Line(area, name, "failed", str(error) or type(error).__name__)
    return Line(area, name, "passed")


def as_text(line: Line) -> str:
    """Give one line of the table for people."""
    mark = {"passed": "ok  ", "failed": "FAIL", "not_checked": "-   "}[line.outcome]
    return f"{mark} {line.area:<9} {line.name}" + (f": {line.text}" if line.text else "")
