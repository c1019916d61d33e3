"""The table for devices: ours and a small one pass it, and a flaw fails its own lines and no others."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from appliance.acceptance.device_checks import CHECKS, EVENTS_NEEDED
from appliance.acceptance.device_stage import Patience, Stage
from appliance.acceptance.table import Line, device_table
from appliance.adapters.outbox import Outbox
from appliance.adapters.uplink import Uplink
from appliance.adapters.uplink_server import Server
from appliance.delivery.messages import Command, Result
from tests.adapters.outbox_drafts import utterance
from tests.adapters.uplink_box import hello

from .small_device import FLAWS, SmallDevice

HURRIED = Patience(comes_s=20.0, answer_s=1.0, quiet_s=0.1, asked_s=0.5, refused_s=0.5)


async def table_of(device: Callable[[str], Awaitable[None]]) -> list[Line]:
    stage = Stage(HURRIED)
    async with stage.open("127.0.0.1", 0) as url:
        running = asyncio.ensure_future(device(url))
        lines = [line async for line in device_table(stage)]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return lines


def failed(lines: list[Line]) -> dict[str, str]:
    return {line.name: line.text for line in lines if line.outcome == "failed"}


def small(*flaws: str) -> Callable[[str], Awaitable[None]]:
    return lambda url: SmallDevice(url, flaws).run()


def ours(folder: Path) -> Callable[[str], Awaitable[None]]:
    """Give the real delivery of the real device, with events enough."""

    async def run(url: str) -> None:
        token = folder / "token"
        token.touch(0o600)
        token.write_text("any")
        outbox = Outbox(folder / "outbox.db", lambda _: None)
        await outbox.start()
        for number in range(1, EVENTS_NEEDED + 1):
            outbox.append(utterance(number))
        try:
            await Uplink(Server(url, token), outbox, hello, know_nothing, lambda *_: None).run()
        finally:
            await outbox.stop()

    return run


async def know_nothing(command: Command) -> Result:
    return Result(id=command.id, ok=False, code="unknown_command", error="this box knows no command")


def test_a_device_without_flaws_passes() -> None:
    assert failed(asyncio.run(table_of(small()))) == {}


def test_our_delivery_passes(tmp_path: Path) -> None:
    lines = asyncio.run(table_of(ours(tmp_path)))
    assert (failed(lines), len(lines)) == ({}, len(CHECKS))


def test_a_flaw_fails_its_own_lines() -> None:
    async def run() -> dict[str, set[str]]:
        tables = await asyncio.gather(*(table_of(small(flaw)) for flaw in FLAWS))
        return {flaw: set(failed(lines)) for flaw, lines in zip(FLAWS, tables, strict=True)}

    assert asyncio.run(run()) == FLAWS


def test_where_no_device_comes_every_line_says_so() -> None:
    async def run() -> Line:
        stage = Stage(Patience(comes_s=0.05))
        async with stage.open("127.0.0.1", 0):
            return await anext(aiter(device_table(stage)))

    assert asyncio.run(run()).text == "no device came within 0.05 s"
