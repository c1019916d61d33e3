"""A server that plays one scene after another to whatever device comes, and notes what it says."""

import asyncio
import contextlib
import http
import ssl
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Final, TypeVar

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Subprotocol

from appliance.acceptance.wire import ANSWER_S, UnexpectedError
from appliance.adapters import clock
from appliance.delivery import messages, policy

HARD_LIMIT_BYTES: Final = 4 * policy.MAX_MESSAGE_BYTES

_Message = TypeVar("_Message")


class Patience(msgspec.Struct, frozen=True):
    """How long is waited, in seconds.

    `comes_s` for the device's next connection: its longest back-off is 30 s, and there is the handshake. `answer_s` for
    what must come, `quiet_s` for what must not. `asked_s` is how long a device is asked to stay away, `refused_s` how
    long one that was refused is watched: it should stay away for minutes.
    """

    comes_s: float = 45.0
    answer_s: float = ANSWER_S
    quiet_s: float = 0.5
    asked_s: float = 2.0
    refused_s: float = 6.0


class Peer:
    """One connection of the device under test, after its hello."""

    def __init__(self, stage: "Stage", socket: ServerConnection, hello: messages.Hello) -> None:
        self.hello = hello
        self.in_turn: list[int] = []
        self._stage = stage
        self._socket = socket
        self._limit_bytes = policy.MAX_MESSAGE_BYTES

    async def welcome(self, **limits: Any) -> None:  # noqa: ANN401 - fields of a struct
        """Welcome it after what the stage has stored, with these limits."""
        after = limits.pop("resume_after", self._stage.through)
        message = messages.Welcome(resume_after=after, server_time=clock.utc(), **limits)
        self._limit_bytes = message.max_message_bytes
        await self.say(message)

    async def say(self, message: messages.FromServer) -> None:
        """Send a message."""
        await self.say_text(messages.encode(message))

    async def say_text(self, text: str) -> None:
        """Send any text."""
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(text)

    async def hear(self) -> messages.FromDevice:
        """Give its next message; events are noted, pings answered by the way."""
        text = await self._socket.recv()
        if not isinstance(text, str):
            raise UnexpectedError("it sent a binary message")
        if len(text.encode()) > self._limit_bytes:
            raise UnexpectedError(f"it sent {len(text.encode())} bytes, and the welcome allows {self._limit_bytes}")
        try:
            message = messages.decode_from_device(text)
        except (ValueError, RecursionError) as error:
            raise UnexpectedError(f"it sent what is no message: {error}") from error
        if isinstance(message, messages.EventMessage):
            self._stage.note(message.envelope)
            if not message.urgent:
                self._note_turn(message.envelope.seq)
        if isinstance(message, messages.Ping):
            await self.say(messages.Pong(id=message.id))
        return message

    def _note_turn(self, seq: int) -> None:
        last = self.in_turn[-1] if self.in_turn else self._stage.through
        if seq <= last:
            raise UnexpectedError(f"it sent event {seq} after {last}")
        self.in_turn.append(seq)

    async def until(self, kind: type[_Message]) -> _Message:
        """Give its next message of this kind."""
        within_s = self._stage.patience.answer_s
        name = kind.__name__.removesuffix("Message").lower()
        try:
            async with asyncio.timeout(within_s):
                while not isinstance(message := await self.hear(), kind):
                    pass
        except TimeoutError:
            raise UnexpectedError(f"no {name} within {within_s:g} s (has it more events to send?)") from None
        except ConnectionClosed as error:
            raise UnexpectedError(f"no {name} before it closed the connection: {error}") from None
        return message

    async def events(self, count: int) -> list[int]:
        """Give the numbers of the first `count` events in turn of this connection."""
        while len(self.in_turn) < count:
            await self.until(messages.EventMessage)
        return self.in_turn[:count]

    async def quiet(self) -> list[messages.FromDevice]:
        """Give whatever it says for a while."""
        said = []
        with contextlib.suppress(TimeoutError, ConnectionClosed):
            async with asyncio.timeout(self._stage.patience.quiet_s):
                while True:
                    said.append(await self.hear())
        return said

    async def acknowledge(self, seq: int) -> None:
        """Store and acknowledge everything up to `seq`."""
        self._stage.through = max(self._stage.through, seq)
        await self.say(messages.Ack(seq=seq))

    async def close(self, bye: messages.Bye) -> None:
        """Say goodbye and close."""
        await self.say(bye)
        await self._socket.close(policy.CLOSE_CODES[bye.reason])

    def cut(self) -> None:
        """Drop the line without a word."""
        self._socket.transport.abort()


USUAL: Final = Patience()


class Stage:
    """Where devices come to; open it in `async with`. `through` is up to which number all is acknowledged."""

    def __init__(self, patience: Patience = USUAL) -> None:
        self.patience = patience
        self.through = 0
        self.arrivals_s: list[float] = []
        self.authorised = True
        self._events: dict[int, messages.Envelope] = {}
        self._refusals: deque[tuple[int, str]] = deque()
        self._waiting: asyncio.Queue[tuple[ServerConnection, asyncio.Event]] = asyncio.Queue()

    @contextlib.asynccontextmanager
    async def open(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
        """Listen, and give the address for the device. Raises `OSError` when the port is taken."""
        async with serve(
            self._keep, host, port, ssl=tls, subprotocols=[Subprotocol(policy.SUBPROTOCOL)], compression=None,
            process_request=self._admit, ping_interval=None, max_size=HARD_LIMIT_BYTES, close_timeout=policy.GOODBYE_S,
        ) as server:  # fmt: skip
            taken = next(iter(server.sockets)).getsockname()[1]
            yield f"{'wss' if tls else 'ws'}://{host}:{taken}/v1/device"

    @contextlib.asynccontextmanager
    async def meet(self) -> AsyncIterator[Peer]:
        """Wait for the device's next connection and hear its hello; the connection is cut at the end."""
        within_s = self.patience.comes_s
        try:
            async with asyncio.timeout(within_s):
                socket, done = await self._waiting.get()
                while socket.state is not State.OPEN:  # it came, and went while another scene was played
                    socket, done = await self._waiting.get()
        except TimeoutError:
            raise UnexpectedError(f"no device came within {within_s:g} s") from None
        try:
            yield Peer(self, socket, await _hello(socket))
        finally:
            socket.transport.abort()
            done.set()

    @contextlib.asynccontextmanager
    async def welcomed(self, **limits: Any) -> AsyncIterator[Peer]:  # noqa: ANN401 - fields of a struct
        """Meet the device and welcome it."""
        async with self.meet() as peer:
            await peer.welcome(**limits)
            yield peer

    def refuse(self, status: int, retry_after: str = "") -> None:
        """Answer one more connection with this HTTP status in place of the upgrade."""
        self._refusals.append((status, retry_after))

    async def until_refused(self) -> None:
        """Wait until every refusal was given."""
        within_s = self.patience.comes_s * len(self._refusals)
        try:
            async with asyncio.timeout(within_s):
                while self._refusals:  # noqa: ASYNC110 - looked at seldom, and told nowhere
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise UnexpectedError(f"it did not come again within {within_s:g} s") from None

    def note(self, envelope: messages.Envelope) -> None:
        """Take an event; the same number again must be the same event."""
        plain = msgspec.structs.replace(envelope, corrected=False, occurred_at="", heard_at=None, shown_at=None)
        if self._events.setdefault(envelope.seq, plain) != plain:
            raise UnexpectedError(f"it sent event {envelope.seq} again, and it is another event")

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        self.arrivals_s.append(asyncio.get_running_loop().time())
        self.authorised = "Authorization" in request.headers
        if not self._refusals:
            return None
        status, retry_after = self._refusals.popleft()
        response = socket.respond(http.HTTPStatus(status), "refused by the table of conformance\n")
        if retry_after:
            response.headers["Retry-After"] = retry_after
        return response

    async def _keep(self, socket: ServerConnection) -> None:
        done = asyncio.Event()
        await self._waiting.put((socket, done))
        ends = [asyncio.ensure_future(done.wait()), asyncio.ensure_future(socket.wait_closed())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()


async def _hello(socket: ServerConnection) -> messages.Hello:
    if socket.subprotocol != policy.SUBPROTOCOL:
        raise UnexpectedError(f"it did not offer the sub-protocol {policy.SUBPROTOCOL}")
    try:
        async with asyncio.timeout(policy.HELLO_S):
            message = messages.decode_from_device(await socket.recv())
    except TimeoutError:
        raise UnexpectedError(f"no hello within {policy.HELLO_S:g} s") from None
    except (ValueError, RecursionError, ConnectionClosed) as error:
        raise UnexpectedError(f"its first message was no hello: {error}") from error
    if not isinstance(message, messages.Hello):
        raise UnexpectedError(f"its first message was {type(message).__name__.lower()} instead of hello")
    return message
