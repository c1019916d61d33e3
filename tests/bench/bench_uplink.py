"""What the link costs a box in an hour of calls, against streaming the audio; and what compression would change."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import psutil
from websockets.asyncio.client import ClientConnection

from appliance.adapters.uplink_dial import Door
from tests.bench.options import Options
from tests.bench.processes import CHECKOUT
from tests.bench.rows import Row, row
from tests.bench.server_load import bodies
from tests.bench.uplink_load import PART, door_to
from tests.bench.uplink_sink import Taken

MB: Final = 1e6

CONNECTIONS: Final = 100
TALKING: Final = 20
"""Of them, enough messages to count CPU by."""


class Hour(NamedTuple):
    """An hour of calls: megabytes sent, on the wire, and seconds of the box's CPU."""

    sent_mb: float
    cpu_s: float


def rows(options: Options) -> list[Row]:
    """Measure; of `options.repeats` the least CPU counts."""
    ways = [("events", "none"), ("events", "deflate"), ("audio", "none")]
    hours = {way: [_hour(*way) for _ in range(options.repeats)] for way in ways}
    plain, deflated, audio = (min(hours[way], key=lambda hour: hour.cpu_s) for way in ways)
    peer = "both sides as G.711 over the same WebSocket"
    return [
        row("uplink.sent_per_call_hour", plain.sent_mb, "MB", peer=peer, peer_value=audio.sent_mb),
        row("uplink.cpu_per_call_hour", plain.cpu_s, "s", peer=peer, peer_value=audio.cpu_s),
        row("uplink.deflate_sent", deflated.sent_mb, "MB", peer="without permessage-deflate", peer_value=plain.sent_mb),
        row("uplink.deflate_cpu", deflated.cpu_s, "s", peer="without permessage-deflate", peer_value=plain.cpu_s),
        *_server_rows(),
    ]


def _server_rows() -> list[Row]:
    """Give what compression costs the server's library, for each connection and each message."""
    (plain_kib, plain_us), (kib, us) = (_served(compression) for compression in ("none", "deflate"))
    peer = "without permessage-deflate"
    return [
        row("uplink.deflate_server_memory", kib, "KiB/connection", peer=peer, peer_value=plain_kib),
        row("uplink.deflate_server_cpu", us, "us/message", peer=peer, peer_value=plain_us),
    ]


def _served(compression: str) -> tuple[float, float]:
    """Give the server's memory for a connection that has said something, in KiB, and its CPU for a message, in us."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.deflate_server", compression],
        cwd=CHECKOUT, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        try:
            door = door_to(server.stdout.readline().strip(), compression)
            return asyncio.run(_talk(door, psutil.Process(server.pid)))
        finally:
            server.kill()


async def _talk(door: Door, process: psutil.Process) -> tuple[float, float]:
    said = [body.decode() for body in bodies()]
    async with contextlib.AsyncExitStack() as stack:
        before = process.memory_full_info().pss
        sockets = [await stack.enter_async_context(door.dial()) for _ in range(CONNECTIONS)]
        for socket in sockets:
            await _exchange(socket, said[:5])
        memory = process.memory_full_info().pss - before
        begun = process.cpu_times()
        for socket in sockets[:TALKING]:
            await _exchange(socket, said)
        ended = process.cpu_times()
    cpu_s = ended.user + ended.system - begun.user - begun.system
    return memory / CONNECTIONS / 1024, cpu_s / (TALKING * len(said)) * 1e6


async def _exchange(socket: ClientConnection, said: Sequence[str]) -> None:
    for text in said:
        await socket.send(text)
        await socket.recv()


def _hour(what: str, compression: str) -> Hour:
    module = [sys.executable, "-m", "tests.bench.uplink_sink", compression]
    with subprocess.Popen(module, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdin is not None
        assert sink.stdout is not None
        try:
            port = sink.stdout.readline().strip()
            load = [sys.executable, "-m", "tests.bench.uplink_load", port, what, compression]
            cpu_s = float(subprocess.run(load, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True).stdout)
            sink.stdin.write("\n")
            sink.stdin.flush()
            taken = msgspec.json.decode(sink.stdout.readline(), type=Taken)
        finally:
            sink.kill()
    return Hour(taken.wire_bytes / MB / PART, cpu_s / PART)
