"""Whatever breaks, the box or the line or the disk, every event arrives once and in order."""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.adapters.outbox import Outbox
from appliance.delivery.messages import Bye

from .flaky_server import GOOD, Fate, FlakyServer
from .outbox_drafts import utterance
from .small_disk import fill, small_disk
from .uplink_box import QUICK, Box, at_once, box_at, said, texts

__all__ = ["small_disk"]

ROOT = Path(__file__).parents[2]

fates = st.builds(
    Fate,
    cut_after=st.integers(0, 12),
    stores_last=st.booleans(),
    acknowledges_last=st.booleans(),
    welcome_delay_s=st.sampled_from([0.0, 0.0, 0.01]),
    ack_every=st.integers(1, 5),
    ack_delay_s=st.sampled_from([0.0, 0.0, 0.002]),
    ack_times=st.integers(1, 3),
    max_in_flight=st.integers(0, 8),
    status=st.sampled_from([None, None, None, 500, 503, 404, 429]),
    bye=st.sampled_from([None, None, None, Bye(reason="stopping"), Bye(reason="overloaded", retry_after_s=0.01)]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(bad=st.lists(fates, max_size=8), before=st.integers(0, 30), during=st.integers(0, 30))
def test_whatever_is_cut_every_event_arrives_once_and_in_order(bad: list[Fate], before: int, during: int) -> None:
    async def run(folder: Path) -> None:
        async with FlakyServer(bad) as server:
            box = Box(folder, server, QUICK, at_once)
            await box.outbox.start()
            for number in range(1, before + 1):
                box.outbox.append(utterance(number))
            running = asyncio.create_task(box.uplink.run())
            for number in range(before + 1, before + during + 1):
                box.outbox.append(utterance(number))
                await asyncio.sleep(0.001)
            await box.until_acknowledged(before + during)
            assert texts(server.stored) == said(before + during)
            await box.uplink.stop()
            await box.outbox.stop()
            await running

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


def test_a_server_that_stores_nothing_any_more_is_left(tmp_path: Path) -> None:
    async def run() -> None:
        timing = msgspec.structs.replace(QUICK, overdue_s=0.1)
        async with FlakyServer([Fate(acknowledges=False)]) as server, box_at(tmp_path, server, timing) as box:
            box.outbox.append(utterance(1))
            await box.until_link("online")
            assert await box.until_link("offline") == "no acknowledgement for 0.1 s"
            await box.until_acknowledged(1)

    asyncio.run(run())


def test_while_the_disk_is_full_events_arrive_live_and_the_gap_later(small_disk: Path, tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server:
            box = Box(tmp_path, server, QUICK, at_once)
            faults: list[str | None] = []
            box.outbox = box.uplink._outbox = Outbox(small_disk / "outbox.sqlite3", faults.append)
            await box.outbox.start()
            running = asyncio.create_task(box.uplink.run())
            ballast = fill(small_disk)
            number = 0
            while "outbox_full" not in faults:
                number += 1
                box.outbox.append(utterance(number))
                await server.until_stored(number)
            box.outbox.append(utterance(number + 1))
            await server.until_stored(number + 1)
            assert texts(server.stored) == said(number + 1)
            ballast.unlink()
            await server.until_stored(number + 2)
            assert server.stored[-1].event["reason"] == "outbox_full"
            assert faults == ["outbox_full", None]
            await box.uplink.stop()
            await box.outbox.stop()
            await running

    asyncio.run(run())


DEVICE = """
import asyncio, itertools, sys
from pathlib import Path
from appliance.adapters.outbox import Outbox
from appliance.adapters.uplink import Uplink
from appliance.adapters.uplink_server import Server
from appliance.delivery.messages import Hello, Result
from tests.adapters.outbox_drafts import utterance

async def run(folder, url, first):
    outbox = Outbox(folder / "outbox.sqlite3", print)
    await outbox.start()
    hello = lambda: Hello(device="box", firmware="1", boot="b", last_seq=0, clock_synchronised=True)
    uplink = Uplink(Server(url, folder / "token"), outbox, hello, lambda c: Result(id=c.id, ok=True), lambda *_: None)
    running = asyncio.create_task(uplink.run())
    for number in itertools.count(first):
        outbox.append(utterance(number))
        await outbox.flush()
        print(number, flush=True)
        await asyncio.sleep(0.0005)

asyncio.run(run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
"""


def test_a_device_killed_again_and_again_loses_nothing_and_sends_nothing_twice(tmp_path: Path) -> None:
    chance = random.Random(11)
    committed: list[str] = []

    async def live(url: str, life: int) -> None:
        command = [sys.executable, "-c", DEVICE, str(tmp_path), url, str(life * 100_000 + 1)]
        device = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
        assert device.stdout is not None
        first = await device.stdout.readline()
        await asyncio.sleep(chance.uniform(0, 0.1))
        device.kill()
        rest = await device.stdout.read()
        await device.wait()
        committed.extend(
            f"text {int(line)}" for line in (first + rest).splitlines(keepends=True) if line.endswith(b"\n")
        )

    async def run() -> None:
        bad = [Fate(cut_after=n % 5 * 40 + 1, ack_every=n % 7 + 1) if n % 3 else GOOD for n in range(40)]
        async with FlakyServer(bad) as server:
            Box(tmp_path, server, QUICK, at_once)
            for life in range(20):
                await live(server.url, life)
            async with box_at(tmp_path, server) as box:
                await box.until_acknowledged(box.outbox.committed)
            arrived = texts(server.stored)
            assert len(arrived) == len(set(arrived))
            assert set(committed) <= set(arrived)
            assert [int(text[5:]) for text in arrived] == sorted(int(text[5:]) for text in arrived)

    asyncio.run(run())


@asynccontextmanager
async def half_open_line(server: FlakyServer) -> AsyncIterator[tuple[int, Callable[[], None]]]:
    """Stand between box and server, and on demand let nothing through any more without closing anything."""
    flowing = asyncio.Event()
    flowing.set()
    tasks = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                await flowing.wait()
                writer.write(data)
        finally:
            writer.transport.abort()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", server._port)
        tasks.update({asyncio.create_task(pump(reader, up_writer)), asyncio.create_task(pump(up_reader, writer))})

    relay = await asyncio.start_server(join, "127.0.0.1", 0)
    yield relay.sockets[0].getsockname()[1], flowing.clear
    relay.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_a_half_open_connection_is_noticed(tmp_path: Path) -> None:
    async def run() -> None:
        timing = msgspec.structs.replace(QUICK, ping_every_s=0.05, silent_s=0.2, close_s=0.1, open_s=0.3)
        async with FlakyServer() as server, half_open_line(server) as (port, stop_flow):
            line = FlakyServer()
            line._port = port
            async with box_at(tmp_path, line, timing) as box:
                await box.until_link("online")
                stop_flow()
                began = time.monotonic()
                await box.until_link("offline")
                assert time.monotonic() - began < 2

    asyncio.run(run())
