"""A `siprec` line that listens on this machine, and sipp as its client."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from appliance.adapters.line import LineCall, Trouble
from appliance.adapters.siprec_line import SiprecLine
from appliance.siprec_settings import ListenAddress, SiprecSettings

HERE = "127.0.0.1"
SCENARIOS = Path(__file__).parent.parent / "telephony" / "scenarios"
SIPP_TIMEOUT_S = 20


class Running:
    """A line at work: its calls so far, each with the steps that it gave."""

    def __init__(self, line: SiprecLine) -> None:
        self.line = line
        self.calls: list[LineCall] = []
        self.steps: list[list[Any]] = []
        self.troubles: list[tuple[Trouble, ...]] = []
        self.tasks: list[asyncio.Task[None]] = []
        self._begun = asyncio.Event()

    def port(self, transport: str = "udp") -> int:
        return next(address.port for address in self.line.addresses if address.transport == transport)

    async def a_call_begins(self) -> None:
        await asyncio.wait_for(self._begun.wait(), SIPP_TIMEOUT_S)

    async def listen(self) -> None:
        async with contextlib.aclosing(self.line.calls(self.troubles.append)) as calls:
            async for call in calls:
                self.calls.append(call)
                self._begun.set()
                self.steps.append([])
                self.tasks.append(asyncio.create_task(self._take(call, self.steps[-1])))

    async def _take(self, call: LineCall, steps: list[Any]) -> None:
        async for step in call.steps:
            steps += (step,)


@contextlib.asynccontextmanager
async def running(**changes: Any) -> AsyncIterator[Running]:
    """Run a line for the time of a test."""
    listen = tuple(ListenAddress(transport, HERE, 0) for transport in changes.pop("transports", ("udp", "tcp")))
    settings = SiprecSettings(listen=listen, allow=("127.0.0.0/8",), **{"agent_addresses": ("20??",), **changes})
    line = Running(SiprecLine(settings))
    task = asyncio.create_task(line.listen())
    while len(line.line.addresses) < len(listen):
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    try:
        yield line
    finally:
        task.cancel()
        await asyncio.wait([task, *line.tasks], timeout=3)


async def sipp(scenario: str, port: int, *arguments: str) -> tuple[int, str]:
    """Run a scenario against the line; gives sipp's exit code (0: all went as written) and what it complained of."""
    program = shutil.which("sipp")
    if program is None:
        pytest.skip("sipp is not installed; `./undertone test` installs it")
    running_sipp = await asyncio.create_subprocess_exec(
        *(program, "-sf", str(SCENARIOS / scenario), f"{HERE}:{port}", "-i", HERE, "-m", "1", "-nostdin"),
        *("-timeout", str(SIPP_TIMEOUT_S), "-timeout_error", "-recv_timeout", "5000", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaints = await running_sipp.communicate()
    return running_sipp.returncode or 0, (complaints + out[-2000:]).decode("utf-8", "replace")
