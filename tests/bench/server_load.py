"""A program that loads a WebSocket server with the messages of many boxes, cheaply, so that the server is what ends.

`python -m tests.bench.server_load PLAN`, with a `Plan` as JSON; the outcome, a `Loaded`, is printed as JSON. Frames are
made by hand and masked with zeros (RFC 6455 5.3 allows any key), for a client library would cost more than the server
does. `undertone simulate` drives a server with real uplinks; this only counts.
"""

import asyncio
import random
import struct
import sys
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle
from typing import Final, Literal

import msgspec

from appliance.delivery.messages import Hello, PartialMessage, Pong, StatusMessage, encode
from appliance.delivery.policy import MAX_IN_FLIGHT, SUBPROTOCOL
from appliance.event_json import to_json
from appliance.traffic.talk import moments

BODIES: Final = 250
"""Different events: a call's worth."""

TICK_S: Final = 0.01


class Plan(msgspec.Struct, kw_only=True):
    """What to do to the server on `port`.

    `flood`: each device sends `events` as fast as they are acknowledged. `pace`: `per_s` of each device, for
    `lasts_s`. `idle`: connect, and stay until stdin ends. An echo server is one that gives everything back.
    """

    port: int
    how: Literal["flood", "pace", "idle"]
    tokens: dict[str, str]
    echo: bool = False
    events: int = 0
    per_s: float = 0.0
    lasts_s: float = 0.0


class Loaded(msgspec.Struct, kw_only=True):
    """What came of it. `late_ms`: how late this program sent, P95."""

    sent: int
    acknowledged: int
    took_s: float
    ack_ms: tuple[float, float, float] = (0.0, 0.0, 0.0)
    late_ms: float = 0.0


def bodies() -> list[bytes]:
    """Give events of simulated calls as JSON, without what is around them."""
    chance = random.Random(1).random
    said = (each.said for seed in range(9) for each in moments(f"c{seed}", 200.0, chance))
    events = [each for each in said if not isinstance(each, PartialMessage | StatusMessage)]
    return [to_json(event) for event in events[:BODIES]]


def frame(payload: bytes) -> bytes:
    """Give a text frame of a client, masked with zeros."""
    size = len(payload)
    head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
    return head + b"\0\0\0\0" + payload


def utc() -> bytes:
    """Give now as the protocol has it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


class Line(asyncio.Protocol):
    """One device's connection. `ready` is done once events may go out."""

    def __init__(self, plan: Plan, device: str, bodies: list[bytes]) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.acked = self.sent = 0
        self.ack_s: list[float] = []
        self._plan = plan
        self._device = device
        self._bodies = cycle(bodies)
        self._at: deque[tuple[int, float]] = deque()
        self._base = 0
        self._buffer = b""
        self._upgraded = False
        self._flooding = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(
            b"GET /v1/device HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: "
            + f"{SUBPROTOCOL}\r\nAuthorization: Bearer {self._plan.tokens[self._device]}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            if b"\r\n\r\n" not in self._buffer:
                return
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            assert b" 101 " in head, head
            self._upgraded = True
            self._greet()
        for payload in self._payloads():
            self._hear(payload)
        if self._flooding:
            self.fill()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionError("closed"))

    def fill(self) -> None:
        """Send as many events as the window has room for."""
        self._flooding = True
        room = min(MAX_IN_FLIGHT - (self.sent - self.acked), self._plan.events - self.sent)
        if room > 0:
            at = utc()
            self._transport.write(b"".join(self._next(at) for _ in range(room)))

    def send(self, at: bytes) -> None:
        """Send one event, made at `at`."""
        self._at.append((self._base + self.sent + 1, time.perf_counter()))
        self._transport.write(self._next(at))

    def close(self) -> None:
        self._transport.abort()

    def _next(self, at: bytes) -> bytes:
        self.sent += 1
        call = b"load-%d" % (self.sent // BODIES)
        return frame(
            b'{"type":"event","envelope":{"seq":%d,"call":"%s","occurred_at":"%s","clock_synchronised":true,"event":%s}}'
            % (self._base + self.sent, call, at, next(self._bodies))
        )

    def _greet(self) -> None:
        if self._plan.echo:
            self.ready.set_result(None)
            return
        hello = Hello(device=self._device, firmware="load", boot=self._device, last_seq=0, clock_synchronised=True)
        self._transport.write(frame(encode(hello).encode()))

    def _payloads(self) -> Iterator[bytes]:
        while len(self._buffer) >= 2:
            size, begin = self._buffer[1], 2
            if size == 126:
                size, begin = int.from_bytes(self._buffer[2:4], "big"), 4
            if len(self._buffer) < begin + size:
                return
            payload, self._buffer = self._buffer[begin : begin + size], self._buffer[begin + size :]
            yield payload

    def _hear(self, payload: bytes) -> None:
        if self._plan.echo:
            self.acked += 1
        elif payload.startswith(b'{"type":"ack"'):
            self.acked = int(payload[20:-1]) - self._base
            now_s = time.perf_counter()
            while self._at and self._at[0][0] <= self.acked + self._base:
                self.ack_s.append(now_s - self._at.popleft()[1])
        elif payload.startswith(b'{"type":"welcome"'):
            self._base = int(msgspec.json.decode(payload)["resume_after"])
            self.ready.set_result(None)
        elif payload.startswith(b'{"type":"ping"'):
            self._transport.write(frame(encode(Pong(id=msgspec.json.decode(payload)["id"])).encode()))


async def connected(plan: Plan) -> list[Line]:
    """Connect all devices, some at a time."""
    loop, said = asyncio.get_running_loop(), bodies()
    room = asyncio.Semaphore(50)

    async def open_line(device: str) -> Line:
        async with room:
            _, line = await loop.create_connection(lambda: Line(plan, device, said), "127.0.0.1", plan.port)
            await line.ready
            return line

    return list(await asyncio.gather(*(open_line(device) for device in plan.tokens)))


async def run(plan: Plan) -> Loaded:
    lines = await connected(plan)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    began_s, late_s = time.perf_counter(), [0.0]
    if plan.how == "flood":
        for line in lines:
            line.fill()
        while any(line.acked < plan.events for line in lines):  # noqa: ASYNC110 - all of them
            await asyncio.sleep(TICK_S)
    elif plan.how == "pace":
        late_s = await pace(plan, lines)
    took_s = time.perf_counter() - began_s
    ack_s = sorted(each for line in lines for each in line.ack_s) or [0.0]
    late_s.sort()
    ack_ms = [round(ack_s[int(len(ack_s) * share)] * 1000, 1) for share in (0.5, 0.95, 0.99)]
    loaded = Loaded(
        sent=sum(line.sent for line in lines), acknowledged=sum(line.acked for line in lines), took_s=round(took_s, 2),
        ack_ms=(ack_ms[0], ack_ms[1], ack_ms[2]), late_ms=round(late_s[int(len(late_s) * 0.95)] * 1000, 1),
    )  # fmt: skip
    for line in lines:
        line.close()
    return loaded


async def pace(plan: Plan, lines: list[Line]) -> list[float]:
    """Send evenly, each device at its own moment, and wait for what is on its way; gives how late each tick was."""
    began_s, due, late_s = time.perf_counter(), 0, []
    per_s = plan.per_s * len(lines)
    while (now_s := time.perf_counter() - began_s) < plan.lasts_s:
        at = utc()
        late_s.append(now_s - due / per_s)
        while due < now_s * per_s:
            lines[due % len(lines)].send(at)
            due += 1
        await asyncio.sleep(TICK_S)
    give_up_s = time.perf_counter() + 10
    while any(line.acked < line.sent for line in lines) and time.perf_counter() < give_up_s:  # noqa: ASYNC110 - all
        await asyncio.sleep(TICK_S)
    return late_s


if __name__ == "__main__":
    outcome = asyncio.run(run(msgspec.json.decode(sys.argv[1], type=Plan)))
    sys.stdout.write(msgspec.json.encode(outcome).decode() + "\n")
