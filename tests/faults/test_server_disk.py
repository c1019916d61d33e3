"""The server's disk is slow, or full: the device waits, sheds words in progress alone, and in the end all is there."""

import asyncio
import sqlite3
from contextlib import closing
from itertools import repeat
from pathlib import Path

import msgspec
import psutil
import pytest

from appliance.adapters.outbox import Outbox
from appliance.adapters.uplink import LinkState, Uplink
from appliance.adapters.uplink_server import Server
from appliance.central.credentials import add_device
from appliance.delivery import messages
from appliance.delivery.policy import DeviceTiming
from appliance.secret_file import write_secret
from tests.adapters.outbox_drafts import call_started, utterance
from tests.adapters.test_uplink_with_central import do, hello
from tests.central.rig import Central, ServerProcess

from .disks import fill_disk, small_disk
from .power import write_log

BURST = 800
LARGE_BYTES = 8_000
EAGER = 4_000

pytestmark = pytest.mark.soak


class Device:
    """A device's half of delivery, which says words in progress all the time."""

    def __init__(self, folder: Path, port: int, timing: DeviceTiming) -> None:
        self.links: list[LinkState] = []
        self.outbox = Outbox(folder / "outbox.db", lambda _: None)
        server = Server(f"ws://127.0.0.1:{port}/v1/device", folder / "token")
        self.uplink = Uplink(
            server, self.outbox, hello, do, lambda state, _: self.links.append(state), timing=timing,
            backoff=lambda _: repeat(0.1),
        )  # fmt: skip

    async def until_acknowledged(self, count: int, within_s: float = 120.0) -> None:
        async with asyncio.timeout(within_s):
            while self.outbox.acknowledged < count:  # noqa: ASYNC110 - the outbox has no bell for this
                await asyncio.sleep(0.02)

    async def mumble(self) -> None:
        for number in range(1, 1_000_000):
            partial = messages.PartialMessage(
                call="c1", who="caller", utterance=number, text="w", start_sample=0, end_sample=1
            )
            self.uplink.show_partial(partial)
            await asyncio.sleep(0.02)


def prepared(folder: Path) -> Path:
    write_secret(folder / "token", add_device(folder / "credentials.json", "desk-1"))
    return folder


def stored(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / "central.sqlite")) as db:
        return [seq for (seq,) in db.execute("SELECT seq FROM events WHERE device='desk-1' ORDER BY rowid")]


@pytest.fixture
def slow_syncs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every sync of programs that are started take 0.3 s."""
    monkeypatch.setenv("LD_PRELOAD", str(write_log(tmp_path)))
    monkeypatch.setenv("WRITE_LOG_DIR", f"{tmp_path}/")
    monkeypatch.setenv("WRITE_LOG_SYNC_US", "300000")


@pytest.mark.usefixtures("slow_syncs")
def test_a_burst_for_a_slow_disk_arrives_whole_over_one_connection(tmp_path: Path) -> None:
    async def run(port: int) -> list[LinkState]:
        device = Device(tmp_path, port, DeviceTiming())
        await device.outbox.start()
        running = asyncio.create_task(device.uplink.run())
        mumbling = asyncio.create_task(device.mumble())
        device.outbox.append(call_started())
        for number in range(1, BURST):
            device.outbox.append(utterance(number))
        await device.until_acknowledged(BURST)
        mumbling.cancel()
        await device.uplink.stop()
        await device.outbox.stop()
        await running
        return device.links

    prepared(tmp_path)
    with ServerProcess(tmp_path) as central:
        assert asyncio.run(run(central.port)) == ["online", "offline"], "online until it was stopped"
    assert stored(tmp_path) == list(range(1, BURST + 1))


@pytest.mark.usefixtures("slow_syncs")
def test_who_keeps_to_no_window_is_not_read_faster_than_the_disk_takes_it(tmp_path: Path) -> None:
    async def run(central: ServerProcess) -> int:
        process = psutil.Process(central.process.pid)
        link = Central(central.port, (tmp_path / "token").read_text())
        async with link.device() as device:
            before = process.memory_info().rss
            sent = 0
            for seq in range(1, EAGER):
                try:
                    async with asyncio.timeout(2.0):
                        await device.send_event(seq, {"type": "x", "text": "y" * LARGE_BYTES})
                except TimeoutError:
                    break
                sent = seq
            grown = process.memory_info().rss - before
            device.socket.transport.abort()
        assert grown < 40_000_000
        return sent

    prepared(tmp_path)
    with ServerProcess(tmp_path) as central:
        sent = asyncio.run(run(central))
        numbers = stored(tmp_path)
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) <= sent


def test_a_full_disk_stops_acknowledgements_and_everything_arrives_when_there_is_room(tmp_path: Path) -> None:
    timing = msgspec.structs.replace(DeviceTiming(), overdue_s=1.5)

    async def run(disk: Path, port: int) -> int:
        device = Device(tmp_path, port, timing)
        await device.outbox.start()
        running = asyncio.create_task(device.uplink.run())
        device.outbox.append(call_started())
        await device.until_acknowledged(1)
        make_space = await asyncio.to_thread(fill_disk, disk)
        number = 0
        while "offline" not in device.links:  # the rest of the write-ahead log's own space is used up
            number += 1
            device.outbox.append(utterance(number))
            await asyncio.sleep(0.002)
        waiting = device.outbox.committed - device.outbox.acknowledged
        assert waiting > 0
        await asyncio.to_thread(make_space)
        await device.until_acknowledged(number + 1)
        await device.uplink.stop()
        await device.outbox.stop()
        await running
        return number + 1

    with small_disk(tmp_path / "disk") as disk:
        write_secret(tmp_path / "token", add_device(disk / "credentials.json", "desk-1"))
        with ServerProcess(disk) as central:
            count = asyncio.run(run(disk, central.port))
        assert stored(disk) == list(range(1, count + 1))
