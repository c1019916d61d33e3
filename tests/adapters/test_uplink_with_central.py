"""The device's half of delivery and the server's, both real; the server is killed in the middle."""

import asyncio
import random
import signal
import sqlite3
from contextlib import closing
from itertools import repeat
from pathlib import Path

from appliance.adapters.outbox import Outbox
from appliance.adapters.uplink import LinkState, Uplink
from appliance.adapters.uplink_server import Server
from appliance.central.credentials import add_device
from appliance.delivery.messages import Command, Hello, Result
from appliance.delivery.policy import DeviceTiming
from appliance.secret_file import write_secret
from tests.central.rig import ServerProcess

from .outbox_drafts import call_started, utterance

KILLS = 8
EVENTS = 2000


def hello() -> Hello:
    return Hello(device="desk-1", firmware="1", boot="b", last_seq=0, clock_synchronised=True)


async def do(command: Command) -> Result:
    return Result(id=command.id, ok=True)


def test_a_server_killed_again_and_again_ends_up_with_every_event_once_and_in_order(tmp_path: Path) -> None:
    write_secret(tmp_path / "token", add_device(tmp_path / "credentials.json", "desk-1"))
    chance = random.Random(5)
    links: list[LinkState] = []

    async def run(central: ServerProcess) -> None:
        url = f"ws://127.0.0.1:{central.port}/v1/device"
        outbox = Outbox(tmp_path / "outbox.sqlite3", lambda _: None)
        await outbox.start()
        uplink = Uplink(
            Server(url, tmp_path / "token"),
            outbox,
            hello,
            do,
            lambda state, _: links.append(state),
            timing=DeviceTiming(),
            backoff=lambda _: repeat(0.02),
        )
        running = asyncio.create_task(uplink.run())
        speaking = asyncio.create_task(speak(outbox))
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.02, 0.3))
            await asyncio.to_thread(central.end, signal.SIGKILL)
            await asyncio.to_thread(central.__enter__)
        await speaking
        async with asyncio.timeout(20):
            while outbox.acknowledged < EVENTS + 1:  # noqa: ASYNC110 - the outbox has no bell for this
                await asyncio.sleep(0.01)
        await uplink.stop()
        await outbox.stop()
        await running

    async def speak(outbox: Outbox) -> None:
        outbox.append(call_started())
        for number in range(1, EVENTS + 1):
            outbox.append(utterance(number))
            if number % 20 == 0:
                await asyncio.sleep(0.02)

    with ServerProcess(tmp_path) as central:
        asyncio.run(run(central))
    with closing(sqlite3.connect(tmp_path / "central.sqlite")) as db:
        stored = db.execute("SELECT seq FROM events WHERE device = 'desk-1' ORDER BY rowid").fetchall()
    assert stored == [(seq,) for seq in range(1, EVENTS + 2)]
    assert links.count("online") > 1
