"""A small server in memory that keeps the protocol, but for the flaws that it is given."""

import contextlib
import http
from collections.abc import AsyncIterator, Iterable
from typing import Final

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from appliance.adapters import clock
from appliance.delivery import messages, policy
from appliance.delivery.health import HealthMessage

MAX_BYTES: Final = 20_000

FLAWS: Final[dict[str, set[str]]] = {
    "lets strangers in": {"a stranger is refused"},
    "takes any name": {"another device's name is refused"},
    "keeps both": {"one connection for each device"},
    "takes any major": {"a newer major is refused"},
    "hates news": {"unknown fields and messages are ignored"},
    "drops unknown events": {"unknown events are stored", "too large a message is refused"},
    "is silent on duplicates": {
        "duplicates are acknowledged again",
        "an advance copy promises nothing",
        "each event is stored once",
    },
    "acknowledges advance copies": {"an advance copy promises nothing"},
    "resumes after advance copies": {"an advance copy promises nothing"},
    "answers no ping": {"pings are answered", "it pings and tells its time"},
    "tells no time": {"it pings and tells its time"},
    "knows no illness": {"what a device tells of itself is taken"},
    "has no limit": {"too large a message is refused"},
    "swallows nonsense": {"nonsense ends the connection alone", "too large a message is refused"},
}
"""Each flaw, and the lines of the table that it must fail."""


class SmallServer:
    """One device, `desk-1`, with the token `good`."""

    def __init__(self, flaws: Iterable[str] = ()) -> None:
        self._flaws = set(flaws)
        self._stored: set[int] = set()
        self._through = 0
        self._newest: ServerConnection | None = None
        self.url = ""

    def _has(self, flaw: str) -> bool:
        assert flaw in FLAWS
        return flaw in self._flaws

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        protocols = [Subprotocol(policy.SUBPROTOCOL)]
        if self._has("takes any major"):
            protocols.append(Subprotocol("undertone.v999"))
        async with serve(
            self._talk, "127.0.0.1", 0, subprotocols=protocols, process_request=self._admit, compression=None
        ) as server:
            yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/v1/device"

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("Authorization") != "Bearer good" and not self._has("lets strangers in"):
            return socket.respond(http.HTTPStatus.UNAUTHORIZED, "no\n")
        return None

    async def _talk(self, socket: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            try:
                hello = messages.decode_from_device(await socket.recv(decode=True))
                assert isinstance(hello, messages.Hello), "hello comes first"
            except (ValueError, AssertionError) as error:
                if not self._has("swallows nonsense"):
                    await self._bye(socket, "protocol_error", str(error))
                    return
                hello = messages.Hello(device="desk-1", firmware="", boot="", last_seq=0, clock_synchronised=True)
            if hello.device != "desk-1" and not self._has("takes any name"):
                await self._bye(socket, "unauthorized", "another name")
                return
            await self._replace(socket)
            time = "" if self._has("tells no time") else clock.utc()
            resume = max(self._stored, default=0) if self._has("resumes after advance copies") else self._through
            await self._say(
                socket, messages.Welcome(resume_after=resume, server_time=time, max_message_bytes=MAX_BYTES)
            )
            await self._say(socket, messages.Ping(id=1, server_time=time))
            await self._listen(socket)

    async def _replace(self, socket: ServerConnection) -> None:
        older, self._newest = self._newest, socket
        if older is not None and not self._has("keeps both"):
            with contextlib.suppress(ConnectionClosed):
                await self._bye(older, "replaced", "a newer connection")

    async def _listen(self, socket: ServerConnection) -> None:
        async for text in socket:
            try:
                assert isinstance(text, str), "binary"
                assert len(text) <= MAX_BYTES or self._has("has no limit"), "too large"
                message = messages.decode_from_device(text)
                assert not isinstance(message, messages.Hello), "hello was said before"
                assert not (isinstance(message, HealthMessage) and self._has("knows no illness")), "health"
            except (ValueError, AssertionError) as error:
                news = isinstance(text, str) and messages.is_news(text, messages.TYPES_FROM_DEVICE)
                if (news and not self._has("hates news")) or self._has("swallows nonsense"):
                    continue
                await self._bye(socket, "protocol_error", str(error))
                return
            if isinstance(message, messages.Ping) and not self._has("answers no ping"):
                await self._say(socket, messages.Pong(id=message.id))
            if isinstance(message, messages.EventMessage):
                await self._store(socket, message)

    async def _store(self, socket: ServerConnection, message: messages.EventMessage) -> None:
        seq, again = message.envelope.seq, message.envelope.seq in self._stored
        if self._has("drops unknown events") and message.envelope.event["type"] == "laughter":
            return
        self._stored.add(seq)
        if not message.urgent or self._has("acknowledges advance copies"):
            self._through = max(self._through, seq)
            if not (again and seq <= self._through and self._has("is silent on duplicates")):
                await self._say(socket, messages.Ack(seq=self._through))

    async def _bye(self, socket: ServerConnection, reason: policy.Reason, text: str) -> None:
        await self._say(socket, messages.Bye(reason=reason, text=text))
        await socket.close(policy.CLOSE_CODES[reason])

    async def _say(self, socket: ServerConnection, message: messages.FromServer) -> None:
        await socket.send(messages.encode(message))
