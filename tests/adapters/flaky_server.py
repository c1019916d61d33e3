"""A central server whose line is bad: it speaks the protocol, stores exactly once, and breaks as it was told to."""

import asyncio
import http
import ssl
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from appliance.delivery.messages import (
    Ack,
    Bye,
    Envelope,
    EventMessage,
    FromDevice,
    FromServer,
    Hello,
    Ping,
    Pong,
    Welcome,
    decode_from_device,
    encode,
)
from appliance.delivery.policy import SUBPROTOCOL

ACK_WITHIN_S = 0.005
"""The longest that an acknowledgement waits for more events to acknowledge."""


class Fate(msgspec.Struct, frozen=True):
    """What becomes of one connection. The defaults: nothing bad.

    `cut_after` events the line is cut, the last of them stored or not (`stores_last`), acknowledged or not
    (`acknowledges_last`). `status` refuses the connection with an HTTP status, `bye` with a message in place of
    `welcome`. An acknowledgement is sent for every `ack_every` events or after `ACK_WITHIN_S`, `ack_delay_s` late,
    `ack_times` times.
    """

    cut_after: int | None = None
    stores_last: bool = True
    acknowledges_last: bool = False
    welcome_delay_s: float = 0.0
    acknowledges: bool = True
    ack_every: int = 1
    ack_delay_s: float = 0.0
    ack_times: int = 1
    max_in_flight: int = 256
    max_message_bytes: int = 65_536
    max_messages_per_s: float = 0.0
    return_within_s: float = 0.0
    answers_pings: bool = True
    status: int | None = None
    retry_after: str = ""
    body: str = "no\n"
    bye: Bye | None = None
    says: tuple[str | bytes, ...] = ()
    silent: bool = False


GOOD = Fate()


class FlakyServer:
    """A server at `url` on loopback. Connection number n has `fates[n]`, later ones are good.

    `stored` is what a server team would find in its database, in the order of arrival.
    """

    def __init__(self, fates: Sequence[Fate] = (), resume_after: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.stored: list[Envelope] = []
        self.received: list[FromDevice] = []
        self.hellos: list[Hello] = []
        self.headers: list[str] = []
        self.connections = 0
        self._early: set[int] = set()
        self.socket: ServerConnection | None = None
        self._fates = fates
        self._through = resume_after
        self._tls = tls
        self._changed = asyncio.Condition()
        self._port = 0

    @property
    def url(self) -> str:
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self._port}/device"

    @property
    def last_seq(self) -> int:
        return self._through

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Begin to listen; at the same port as before when it was closed."""
        self._server: Server = await serve(
            self._talk,
            "127.0.0.1",
            self._port,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            process_request=self._admit,
            compression=None,
            close_timeout=0.2,
            ssl=self._tls,
        )
        self._port = next(iter(self._server.sockets)).getsockname()[1]

    async def close(self) -> None:
        """Vanish: no listening any more, every connection cut."""
        self._server.close(close_connections=False)
        for connection in self._server.connections:
            connection.transport.abort()
        await self._server.wait_closed()

    async def until(self, condition: Callable[[], bool], within_s: float = 10.0) -> None:
        """Wait until something that arrived has made `condition` true."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(condition)

    async def until_stored(self, count: int) -> None:
        """Wait until `count` events are stored."""
        await self.until(lambda: len(self.stored) == count)

    async def say(self, message: FromServer) -> None:
        """Send a message on the newest connection."""
        assert self.socket is not None
        await self.socket.send(encode(message))

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.headers.append(request.headers.get("Authorization", ""))
        fate = self._fate(self.connections)
        if fate.status is None:
            return None
        self.connections += 1
        response = connection.respond(http.HTTPStatus(fate.status), fate.body)
        if fate.retry_after:
            response.headers["Retry-After"] = fate.retry_after
        return response

    def _fate(self, number: int) -> Fate:
        return self._fates[number] if number < len(self._fates) else GOOD

    async def _talk(self, socket: ServerConnection) -> None:
        fate = self._fate(self.connections)
        self.connections += 1
        self.socket = socket
        try:
            if fate.silent:
                await socket.wait_closed()
            elif await self._greet(socket, fate):
                await self._receive(socket, fate)
        except ConnectionClosed:
            pass
        finally:
            await self._note(None)

    async def _greet(self, socket: ServerConnection, fate: Fate) -> bool:
        hello = decode_from_device(await socket.recv())
        assert isinstance(hello, Hello)
        self.hellos.append(hello)
        if fate.bye is not None:
            await socket.send(encode(fate.bye))
            return False
        await asyncio.sleep(fate.welcome_delay_s)
        welcome = Welcome(
            resume_after=self.last_seq,
            server_time="2026-01-01T00:00:00.000Z",
            max_in_flight=fate.max_in_flight,
            max_message_bytes=fate.max_message_bytes,
            max_messages_per_s=fate.max_messages_per_s,
            return_within_s=fate.return_within_s,
        )
        await socket.send(encode(welcome))
        for text in fate.says:
            await socket.send(text, text=True)
        return True

    async def _receive(self, socket: ServerConnection, fate: Fate) -> None:
        events = waiting = 0
        while events != fate.cut_after:
            message = await _hear(socket, ACK_WITHIN_S if waiting else None)
            if message is None or waiting >= fate.ack_every:
                await self._acknowledge(socket, fate)
                waiting = 0
            if isinstance(message, Ping) and fate.answers_pings:
                await socket.send(encode(Pong(id=message.id)))
            if isinstance(message, EventMessage) and message.urgent:
                self._keep(message.envelope)
            elif isinstance(message, EventMessage):
                events, waiting = events + 1, waiting + fate.acknowledges
                if events != fate.cut_after or fate.stores_last:
                    self._store(message.envelope)
            await self._note(message)
        if fate.acknowledges_last:
            await self._acknowledge(socket, fate)
        socket.transport.abort()

    def _store(self, envelope: Envelope) -> None:
        self._keep(envelope)
        self._through = max(self._through, envelope.seq)

    def _keep(self, envelope: Envelope) -> None:
        """Store once, under the number; of an advance copy too, before its turn."""
        if envelope.seq > self._through and envelope.seq not in self._early:
            self.stored.append(envelope)
            self._early.add(envelope.seq)

    async def _acknowledge(self, socket: ServerConnection, fate: Fate) -> None:
        ack = encode(Ack(seq=self.last_seq))
        await asyncio.sleep(fate.ack_delay_s)
        for _ in range(fate.ack_times):
            await socket.send(ack)

    async def _note(self, message: FromDevice | None) -> None:
        async with self._changed:
            if message is not None:
                self.received.append(message)
            self._changed.notify_all()


async def _hear(socket: ServerConnection, within_s: float | None) -> FromDevice | None:
    try:
        async with asyncio.timeout(within_s):
            return decode_from_device(await socket.recv())
    except TimeoutError:
        return None
