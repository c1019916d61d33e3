"""One bare connection of a device, on which every message can be said, also a wrong one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final, TypeVar

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from appliance.adapters import clock
from appliance.adapters.uplink_server import Server, headers, tls
from appliance.delivery import messages, policy
from appliance.delivery.messages import Envelope, EventMessage, Hello

ANSWER_S: Final = 10.0
"""A server that does not answer for so long is taken not to."""

CALL: Final = "acceptance"
"""All events of these programs belong to this call."""

_Message = TypeVar("_Message")


class UnexpectedError(Exception):
    """The server did something else than the protocol says; the text tells what."""


class Wire:
    """A connection after its welcome. `acked` and `sent` are the largest numbers acknowledged, and sent in turn."""

    def __init__(self, socket: ClientConnection, answer_s: float) -> None:
        self.socket = socket
        self._answer_s = answer_s
        self.heard: list[messages.FromServer] = []
        self.base = self.acked = self.sent = 0

    async def say(self, message: messages.FromDevice) -> None:
        """Send a message."""
        await self.socket.send(messages.encode(message))

    async def event(self, seq: int, event: dict[str, Any] | None = None, *, urgent: bool = False) -> None:
        """Send an event; without one, an utterance that tells its number."""
        if not urgent:
            self.sent = max(self.sent, seq)
        await self.say(EventMessage(envelope=enveloped(seq, event or spoken(seq)), urgent=urgent))

    async def hear(self) -> messages.FromServer:
        """Give the next message; pings are answered by the way, acknowledgements are checked."""
        try:
            message = messages.decode_from_server(await self.socket.recv())
        except (ValueError, RecursionError) as error:
            raise UnexpectedError(f"a message that is none: {error}") from error
        self.heard.append(message)
        if isinstance(message, messages.Ping):
            with contextlib.suppress(ConnectionClosed):
                await self.say(messages.Pong(id=message.id))
        if isinstance(message, messages.Ack):
            self._check(message.seq)
        return message

    def _check(self, seq: int) -> None:
        if seq > max(self.sent, self.base):
            raise UnexpectedError(f"{seq} was acknowledged, and {max(self.sent, self.base)} was the last one sent")
        if seq < self.acked:
            raise UnexpectedError(f"{seq} was acknowledged after {self.acked}")
        self.acked = seq

    async def until(self, kind: type[_Message], within_s: float | None = None) -> _Message:
        """Give the next message of this kind."""
        within_s = self._answer_s if within_s is None else within_s
        try:
            async with asyncio.timeout(within_s):
                while not isinstance(message := await self.hear(), kind):
                    pass
        except TimeoutError:
            raise UnexpectedError(f"no {kind.__name__.lower()} within {within_s:g} s") from None
        except ConnectionClosed as error:
            raise UnexpectedError(f"no {kind.__name__.lower()} before the connection was closed: {error}") from None
        return message

    async def until_acked(self, seq: int) -> None:
        """Hear until everything up to `seq` is acknowledged."""
        while self.acked < seq:
            await self.until(messages.Ack)

    async def quiet(self, for_s: float) -> None:
        """Hear whatever comes for so long."""
        with contextlib.suppress(TimeoutError, ConnectionClosed):
            async with asyncio.timeout(for_s):
                while True:
                    await self.hear()

    def cut(self) -> None:
        """Drop the line without a word."""
        self.socket.transport.abort()


class Target(Server, frozen=True, kw_only=True):
    """The server under test, and the name of the device that our credential belongs to.

    `answer_s` is how long we wait, `api_headers` with what a program of a supervisor signs in to the server's API.
    """

    device: str
    answer_s: float = ANSWER_S
    api_headers: dict[str, str] = msgspec.field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def socket(
        self, *, offers: str = policy.SUBPROTOCOL, credential: dict[str, str] | None = None
    ) -> AsyncIterator[ClientConnection]:
        """Connect, without a word said."""
        async with connect(
            self.url,
            ssl=tls(self),
            subprotocols=[Subprotocol(offers)],
            additional_headers=headers(self) if credential is None else credential,
            proxy=None,
            compression=None,
            ping_interval=None,
            open_timeout=ANSWER_S,
            close_timeout=policy.GOODBYE_S,
            max_size=policy.MAX_COMMAND_BYTES,
        ) as socket:
            yield socket

    @contextlib.asynccontextmanager
    async def wire(self, last_seq: int = 0) -> AsyncIterator[Wire]:
        """Connect, say hello and hear the welcome."""
        async with self.socket() as socket:
            wire = Wire(socket, self.answer_s)
            await wire.say(self.hello(last_seq))
            welcome = await wire.until(messages.Welcome)
            wire.base = wire.acked = wire.sent = welcome.resume_after
            yield wire

    def hello(self, last_seq: int = 0) -> Hello:
        """Give what a device says first."""
        return Hello(
            device=self.device, firmware="acceptance", boot="acceptance", last_seq=last_seq, clock_synchronised=True
        )


def enveloped(seq: int, event: dict[str, Any]) -> Envelope:
    """Put an event of these programs into its envelope."""
    return Envelope(seq=seq, call=CALL, occurred_at=clock.utc(), clock_synchronised=True, event=event)


def spoken(seq: int) -> dict[str, Any]:
    """Give an utterance that tells its number."""
    span = {"start_sample": 0, "end_sample": 16_000, "start_s": 0.0, "end_s": 1.0}
    return {"type": "utterance", "who": "caller", **span, "number": seq, "text": f"word {seq}", "words": []}
