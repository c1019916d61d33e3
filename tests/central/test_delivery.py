"""Exactly once in the store, whatever happens on the way."""

import asyncio
import contextlib
import json
import random
import signal
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import websockets
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.central import credentials
from appliance.central.access.viewer import sign_in_viewer
from appliance.delivery import messages

from .rig import Central, FakeDevice, ServerProcess, central_in
from .script import said

TOTAL = 40

schedules = st.lists(
    st.tuples(
        st.integers(0, 15),  # how many events before the link is cut
        st.integers(0, 10),  # from how far before the resume point the device sends again
        st.booleans(),  # whether it reads its acks
        st.booleans(),  # whether it closes or just drops the line
    ),
    max_size=6,
)


def central_of(server: ServerProcess, token: str, folder: Path) -> Central:
    session, csrf = sign_in_viewer(folder / "access")
    return Central(server.port, token, session=session, csrf=csrf)


@settings(max_examples=25, deadline=None)
@given(schedules)
def test_cuts_repetitions_and_lost_acks_leave_every_event_stored_once(
    schedule: list[tuple[int, int, bool, bool]],
) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with central_in(Path(folder)) as central:
                for count, back, reads, closes in schedule:
                    await deliver_some(central, count, back, reads=reads, closes=closes)
                async with central.device() as device:
                    for seq in range(device.acked + 1, TOTAL + 1):
                        await device.send_event(seq, said(f"word {seq}", seq))
                    await device.read_acked(TOTAL)
                assert await stored(central) == [(seq, f"word {seq}") for seq in range(1, TOTAL + 1)]

    asyncio.run(run())


async def deliver_some(central: Central, count: int, back: int, *, reads: bool, closes: bool) -> None:
    with contextlib.suppress(websockets.ConnectionClosed):
        async with central.device() as device:
            first = max(1, device.acked + 1 - back)
            last = min(TOTAL, first + count - 1)
            for seq in range(first, last + 1):
                await device.send_event(seq, said(f"word {seq}", seq))
            if reads and last > device.acked:
                await device.read_acked(last)
            if not closes:
                device.socket.transport.abort()


async def stored(central: Central) -> list[tuple[int, str]]:
    answer: Any = await central.get("/api/calls/desk-1/c1")
    return [(entry["seq"], entry["event"]["text"]) for entry in answer.get("events", [])]


def test_a_server_killed_between_its_writes_has_kept_all_that_it_acknowledged(tmp_path: Path) -> None:
    token = credentials.add_device(tmp_path / "credentials.json", "desk-1")
    chance = random.Random(7)
    server = ServerProcess(tmp_path)
    sent = acked = 0
    for _ in range(8):
        with server:
            acked, sent = asyncio.run(talk_until_killed(server, token, acked, chance.uniform(0.02, 0.15)))
    with server:
        asyncio.run(talk_to_the_end(server, token, sent))
    assert in_file(tmp_path) == [(seq, f"word {seq}") for seq in range(1, sent + 1)]
    assert sent > 50, "the kills came too early to show anything"


async def talk_until_killed(server: ServerProcess, token: str, acked: int, after_s: float) -> tuple[int, int]:
    """Send as a device does until the process dies; give the newest acknowledged and the newest sent number."""
    central = Central(server.port, token)
    sent = 0
    async with central.socket() as socket:
        device = FakeDevice(socket)
        await device.send(messages.Hello(device="desk-1", firmware="1", boot="b", last_seq=0, clock_synchronised=True))
        sent = device.acked = (await device.read_until(messages.Welcome)).resume_after
        assert device.acked >= acked, "an acknowledged event was lost"
        asyncio.get_running_loop().call_later(after_s, server.process.kill)
        reading = asyncio.create_task(read_on(device))
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                while sent - device.acked > 100:
                    await asyncio.sleep(0)
                    await device.socket.ping()
                sent += 1
                await device.send_event(sent, said(f"word {sent}", sent))
        await reading
    return device.acked, sent


async def read_on(device: FakeDevice) -> None:
    with contextlib.suppress(websockets.ConnectionClosed):
        while True:
            await device.read()


async def talk_to_the_end(server: ServerProcess, token: str, last: int) -> None:
    async with Central(server.port, token).device() as device:
        for seq in range(device.acked + 1, last + 1):
            await device.send_event(seq, said(f"word {seq}", seq))
        await device.read_acked(last)


def in_file(folder: Path) -> list[tuple[int, str]]:
    with contextlib.closing(sqlite3.connect(folder / "central.sqlite")) as db:
        rows = db.execute("SELECT seq, event FROM events ORDER BY seq").fetchall()
    return [(seq, json.loads(event)["text"]) for seq, event in rows]


def test_a_terminated_server_says_goodbye_keeps_everything_and_ends_with_zero(tmp_path: Path) -> None:
    token = credentials.add_device(tmp_path / "credentials.json", "desk-1")
    server = ServerProcess(tmp_path)

    async def talk() -> int:
        central = central_of(server, token, tmp_path)
        async with central.device() as device:
            for seq in range(1, 101):
                await device.send_event(seq, said(f"word {seq}", seq))
            await device.read_until(messages.Ack)
            server.process.send_signal(signal.SIGTERM)
            bye = await device.read_until(messages.Bye)
            assert bye.reason == "stopping"
            return device.acked

    with server:
        acked = asyncio.run(talk())
        assert server.process.wait(20) == 0
        assert "Traceback" not in server.end(signal.SIGTERM)[1]
    with server:
        assert len(asyncio.run(stored(central_of(server, token, tmp_path)))) >= acked
