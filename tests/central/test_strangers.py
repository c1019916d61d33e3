"""Who knocks at the server with bad manners: slow, half, swollen, again and again. Nobody else notices."""

import asyncio
import contextlib
import gzip
import os
import resource
from collections.abc import AsyncIterator

import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.protocol import State

from appliance.central.patience import MAX_OPENING
from appliance.cli.file_limit import allow
from appliance.delivery.policy import SUBPROTOCOL, ServerTiming

from .conftest import Start
from .rig import Central
from .script import started

HURRIED = ServerTiming(request_s=0.3, hello_s=0.3, ping_every_s=0.1, idle_s=0.4, goodbye_s=0.2)
POST = "POST /api/sign-in HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 90\r\n\r\n{{"


@contextlib.asynccontextmanager
async def bare(central: Central, said: bytes = b"") -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_connection("127.0.0.1", central.port)
    try:
        writer.write(said)
        yield reader
    finally:
        writer.transport.abort()


async def end_of(reader: asyncio.StreamReader) -> bytes:
    """Give what the server says until it ends the connection."""
    async with asyncio.timeout(10):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


async def is_served(central: Central) -> None:
    async with central.device() as device:
        seq = device.acked + 1
        await device.send_event(seq, started())
        await device.read_acked(seq)


def test_who_says_half_a_request_is_cut_and_told_once(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with start(timing=HURRIED) as central, contextlib.AsyncExitStack() as held:
            halves = [b"", b"GET /v1/device HTTP/1.1\r\nHost: x\r\n", b"\x16\x03\x01"] * 5
            strangers = [await held.enter_async_context(bare(central, half)) for half in halves]
            await is_served(central)
            ends = await asyncio.gather(*map(end_of, strangers))
            assert set(ends) <= {b""} | {end for end in ends if b"400" in end}
            await is_served(central)

    asyncio.run(run())
    assert caplog.text.count("connection_cut") == 1


def test_a_body_that_does_not_come_is_not_waited_for(start: Start) -> None:
    async def run() -> None:
        async with start(timing=HURRIED) as central, bare(central, POST.format(port=central.port).encode()) as stranger:
            async with asyncio.timeout(10):
                assert b" 408 " in await stranger.readline()

    asyncio.run(run())


def test_among_many_half_open_strangers_the_oldest_give_way(start: Start) -> None:
    allow(2 * MAX_OPENING)  # both ends are in this process

    async def run() -> None:
        async with start(timing=ServerTiming(request_s=60.0)) as central, contextlib.AsyncExitStack() as held:
            first = await held.enter_async_context(bare(central))
            for _ in range(MAX_OPENING):
                await held.enter_async_context(bare(central))
            assert await end_of(first) == b""
            await is_served(central)

    asyncio.run(run())


def test_a_device_that_never_ends_its_message_is_cut(start: Start) -> None:
    async def run() -> None:
        async with start(timing=HURRIED) as central:
            async with central.device() as device, asyncio.timeout(10):
                device.socket.transport.write(b"\x81\xe4\x00\x00\x00\x00")  # a text of 100 bytes begins
                while device.socket.state is State.OPEN:
                    device.socket.transport.write(b"x")
                    await asyncio.sleep(0.05)
            await is_served(central)

    asyncio.run(run())


def test_a_swollen_body_is_refused_before_it_fills_memory(start: Start) -> None:
    bomb = gzip.compress(bytes(30_000_000))
    head = (
        "POST /api/sign-in HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        "Content-Encoding: gzip\r\nContent-Length: {size}\r\n\r\n"
    )

    async def run() -> None:
        async with start() as central:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            async with bare(central, head.format(port=central.port, size=len(bomb)).encode() + bomb) as stranger:
                assert b" 413 " in await stranger.readline()
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "KiB"
            await is_served(central)

    asyncio.run(run())


def test_compression_is_not_agreed_to_and_a_compressed_frame_ends_the_link(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            headers = {"Authorization": f"Bearer {central.token}"}
            url = f"ws://127.0.0.1:{central.port}/v1/device"
            async with connect(
                url, subprotocols=[websockets.Subprotocol(SUBPROTOCOL)], additional_headers=headers, proxy=None,
                compression="deflate",
            ) as socket:  # fmt: skip
                assert socket.response is not None
                assert "Sec-WebSocket-Extensions" not in socket.response.headers
                socket.transport.write(b"\xc1\x85" + os.urandom(9))  # a text frame with RSV1: compressed
                async with asyncio.timeout(10):
                    await socket.wait_closed()
            await is_served(central)

    asyncio.run(run())


def test_a_stranger_who_knocks_again_and_again_is_told_once(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with start() as central:
            for _ in range(20):
                with pytest.raises(websockets.InvalidStatus):
                    async with central.socket("undertone_wrong"):
                        pass
            for _ in range(20):
                async with central.socket() as socket:
                    await socket.send("{")
                    await socket.wait_closed()
            await is_served(central)

    asyncio.run(run())
    assert caplog.text.count("device_refused") == 1
    assert caplog.text.count("protocol_error") == 1
