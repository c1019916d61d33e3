"""The device's half of delivery: an outbox and an uplink, and what they were told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import repeat
from pathlib import Path

from appliance.adapters.outbox import Outbox
from appliance.adapters.uplink import LinkState, Uplink
from appliance.adapters.uplink_server import Server
from appliance.delivery.messages import Command, Envelope, Hello, Result
from appliance.delivery.policy import DeviceTiming

from .flaky_server import FlakyServer

QUICK = DeviceTiming(open_s=2, welcome_s=2, refused_s=60)


def at_once(_return_within_s: float = 0.0) -> Iterator[float]:
    return repeat(0.005)


class Box:
    """A device's half of delivery, and what it was told."""

    def __init__(
        self,
        folder: Path,
        server: FlakyServer,
        timing: DeviceTiming,
        backoff: Callable[[float], Iterator[float]],
        ca_file: Path | None = None,
    ) -> None:
        token = folder / "token"
        token.write_text("s3cret\n")
        token.chmod(0o600)
        self.links: list[tuple[LinkState, str]] = []
        self.commands: list[Command] = []
        self._changed = asyncio.Event()
        self.outbox = Outbox(folder / "outbox.sqlite3", lambda _: None)
        self.uplink = Uplink(
            Server(server.url, token, ca_file),
            self.outbox,
            hello,
            self.do,
            self.hear_link,
            timing=timing,
            backoff=backoff,
        )

    def hear_link(self, state: LinkState, text: str) -> None:
        self.links.append((state, text))
        self._changed.set()

    async def do(self, command: Command) -> Result:
        self.commands.append(command)
        if command.name == "acknowledge":
            return Result(id=command.id, ok=True)
        if command.name == "break":
            raise RuntimeError("broken")
        return Result(id=command.id, ok=False, error=f"unknown command {command.name}")

    async def until_link(self, state: LinkState) -> str:
        async with asyncio.timeout(10):
            while not self.links or self.links[-1][0] != state:
                await self._changed.wait()
                self._changed.clear()
        return self.links[-1][1]

    async def until_acknowledged(self, count: int) -> None:
        async with asyncio.timeout(20):
            while self.outbox.acknowledged < count:  # noqa: ASYNC110 - the outbox has no bell for this
                await asyncio.sleep(0.002)


def hello() -> Hello:
    return Hello(device="box", firmware="1", boot="b", last_seq=0, clock_synchronised=True)


@asynccontextmanager
async def box_at(
    folder: Path,
    server: FlakyServer,
    timing: DeviceTiming = QUICK,
    backoff: Callable[[float], Iterator[float]] = at_once,
    ca_file: Path | None = None,
) -> AsyncIterator[Box]:
    box = Box(folder, server, timing, backoff, ca_file)
    await box.outbox.start()
    running = asyncio.create_task(box.uplink.run())
    try:
        yield box
    finally:
        await box.uplink.stop()
        await box.outbox.stop()
        await running


def texts(envelopes: list[Envelope]) -> list[str]:
    return [envelope.event["text"] for envelope in envelopes]


def said(count: int, first: int = 1) -> list[str]:
    return [f"text {number}" for number in range(first, first + count)]
