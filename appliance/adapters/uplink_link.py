"""One connection to the central server, from `hello` to `bye`.

Two tasks share the socket. One receives and answers. The other sends: events first, from the outbox, as far as the
window lets it; then the cells, when there is something new and it is their time. So a partial never stands in an
event's way by more than its own few hundred bytes.
"""

import asyncio
import logging
import time
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection

from appliance.adapters.outbox import Outbox
from appliance.delivery.answers import Answers
from appliance.delivery.cells import Cells
from appliance.delivery.envelope import MAX_SEQ, event_text, head
from appliance.delivery.messages import (
    MAX_MESSAGE_BYTES,
    SUBPROTOCOL,
    Ack,
    Bye,
    Command,
    Envelope,
    FromDevice,
    FromServer,
    Hello,
    Ping,
    Pong,
    Welcome,
    decode_from_server,
    encode,
)
from appliance.delivery.window import Window

CHUNK_EVENTS: Final = 32
"""Events sent before the cells get their turn: some milliseconds, so a backlog does not silence a live call."""

MAX_RESUME_AFTER: Final = MAX_SEQ // 4
"""Above this a server's number is nonsense; below it our own never run out."""

STEADY_S: Final = 10.0
"""A connection that lasted this long was a good one; a server that falls over at once is not knocked at at once."""

_log = logging.getLogger(__name__)


class Timing(msgspec.Struct, frozen=True):
    """How long the link is patient, in seconds."""

    open_s: float = 10.0
    """TCP, TLS and HTTP: three round trips, and a server under load."""
    welcome_s: float = 15.0
    """The server may look up thousands of boxes that all come back at once."""
    keepalive_s: float = 20.0
    """Between two WebSocket pings, and then for the pong: below the usual 60 s of proxies, and a dead line is noticed
    within 40 s."""
    stalled_s: float = 30.0
    """For one message to leave: a peer that reads nothing blocks the keep-alive too."""
    overdue_s: float = 60.0
    """Without an acknowledgement while events are in flight: the server answers pings, but it stores nothing."""
    close_s: float = 2.0
    """For the closing handshake."""
    refused_s: float = 300.0
    """Before a refused box asks again: somebody has to act first, and nobody should be woken by its knocking."""


PATIENT: Final = Timing()


class LinkError(Exception):
    """The connection cannot go on; the text says why."""


class ByeReceivedError(Exception):
    """The server has said goodbye."""

    def __init__(self, bye: Bye) -> None:
        self.bye = bye
        super().__init__(f"the server says {bye.reason}" + (f": {bye.text}" if bye.text else ""))


class Link:
    """One connection.

    `stopping` asks the link to send what is left, wait for its acknowledgements and say goodbye.
    """

    def __init__(
        self,
        socket: ClientConnection,
        outbox: Outbox,
        cells: Cells,
        answers: Answers,
        timing: Timing,
        stopping: asyncio.Event,
    ) -> None:
        self._progressed = False
        self._welcomed_at_s: float | None = None
        self._socket = socket
        self._outbox = outbox
        self._cells = cells
        self._answers = answers
        self._timing = timing
        self._stopping = stopping
        self._window = Window()
        self._max_message_bytes = MAX_MESSAGE_BYTES
        self._progress_at_s = time.monotonic()

    async def greet(self, hello: Hello) -> None:
        """Say hello, and take up where the server's `welcome` says.

        Raises `LinkError`, `ByeReceivedError`, what the socket raises, and what `Outbox.resume` does.
        """
        if self._socket.subprotocol != SUBPROTOCOL:
            raise LinkError(f"the server does not speak {SUBPROTOCOL}")
        await self._say(hello)
        try:
            async with asyncio.timeout(self._timing.welcome_s):
                welcome = await self._hear_welcome()
        except TimeoutError as error:
            raise LinkError(f"no welcome within {self._timing.welcome_s:g} s") from error
        if welcome.resume_after > MAX_RESUME_AFTER:
            await self._say(Bye(reason="protocol_error", text="resume_after is out of range"))
            raise LinkError(f"the server wants to resume after {welcome.resume_after}")
        await self._outbox.resume(welcome.resume_after)
        self._window.resume(welcome.resume_after, welcome.max_in_flight)
        self._max_message_bytes = welcome.max_message_bytes
        self._cells.connect()
        self._welcomed_at_s = time.monotonic()

    @property
    def was_good(self) -> bool:
        """Whether the server acknowledged anything, or at least kept up the connection for a while."""
        return self._progressed or (
            self._welcomed_at_s is not None and time.monotonic() - self._welcomed_at_s >= STEADY_S
        )

    async def run(self) -> None:
        """Send and receive until the link ends; returns when the box is stopping, everything sent and goodbye said.

        Raises `LinkError`, `ByeReceivedError` and what the socket raises.
        """
        tasks = [
            asyncio.create_task(self._receive(), name="uplink receive"),
            asyncio.create_task(self._send(), name="uplink send"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear_welcome(self) -> Welcome:
        while True:
            match self._understand(await self._socket.recv()):
                case Welcome() as welcome:
                    return welcome
                case Bye() as bye:
                    raise ByeReceivedError(bye)
                case Ping(id=number):
                    await self._say(Pong(id=number))
                case None:
                    pass
                case message:
                    raise LinkError(f"the server began with {type(message).__name__.lower()} instead of welcome")

    async def _receive(self) -> None:
        async for text in self._socket:
            match self._understand(text):
                case Ack(seq=seq):
                    self._receive_ack(seq)
                case Ping(id=number):
                    await self._say(Pong(id=number))
                case Command() as command:
                    await self._say(self._answers.receive_command(command))
                case Bye() as bye:
                    raise ByeReceivedError(bye)
                case _:
                    pass
        raise LinkError("the server closed the connection")

    def _receive_ack(self, seq: int) -> None:
        try:
            released = self._window.acknowledge(seq)
        except ValueError as error:
            raise LinkError(str(error)) from error
        if released:
            self._progressed = True
            self._progress_at_s = time.monotonic()
            self._outbox.acknowledge(seq)
            self._outbox.news.set()

    async def _send(self) -> None:
        flushed = False
        while True:
            self._outbox.news.clear()
            if self._stopping.is_set() and not flushed:
                await self._outbox.flush()
                flushed = True
            sent = await self._send_events()
            for cell in self._cells.take(time.monotonic()):
                await self._say(cell)
            if flushed and not sent and not self._window.in_flight:
                await self._say(Bye(reason="stopping"))
                return
            if not sent:
                await self._wait_for_news()

    async def _send_events(self) -> bool:
        room = min(self._window.room, CHUNK_EVENTS)
        if room < 1:
            return False
        envelopes = await self._outbox.read_after(self._window.position, room)
        for envelope in envelopes:
            if not self._window.in_flight:
                self._progress_at_s = time.monotonic()
            self._window.send(envelope.seq)
            self._settle_partial(envelope)
            await self._say_text(event_text(envelope, self._max_message_bytes))
        return bool(envelopes)

    def _settle_partial(self, envelope: Envelope) -> None:
        event = head(msgspec.json.encode(envelope.event))
        if event.type == "utterance":
            self._cells.settle(envelope.call, event.who, event.number)

    async def _wait_for_news(self) -> None:
        """Wait until there is something to send; raises `LinkError` when acknowledgements do not come."""
        now_s = time.monotonic()
        waits = [wait for wait in [self._cells.wait_s(now_s)] if wait is not None]
        if self._window.in_flight:
            overdue_s = self._progress_at_s + self._timing.overdue_s - now_s
            if overdue_s <= 0:
                raise LinkError(f"no acknowledgement for {self._timing.overdue_s:g} s")
            waits.append(overdue_s)
        try:
            async with asyncio.timeout(min(waits, default=None)):
                await self._outbox.news.wait()
        except TimeoutError:
            return

    def _understand(self, text: str | bytes) -> FromServer | None:
        """Read a message; `None` for a type that a newer server may send."""
        try:
            return decode_from_server(text)
        except msgspec.DecodeError as error:
            kind = _type_of(text)
            if kind and kind not in _KNOWN:
                _log.debug("uplink ignores type=%s", kind)
                return None
            raise LinkError(f"the server sent a message that cannot be read: {error}") from error

    async def _say(self, message: FromDevice) -> None:
        await self._say_text(encode(message))

    async def _say_text(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._timing.stalled_s):
                await self._socket.send(text)
        except TimeoutError as error:
            raise LinkError(f"the server has read nothing for {self._timing.stalled_s:g} s") from error


class _Typed(msgspec.Struct):
    type: str = ""


_KNOWN: Final = frozenset({"welcome", "ack", "ping", "command", "bye"})


def _type_of(text: str | bytes) -> str:
    try:
        return msgspec.json.decode(text, type=_Typed).type
    except msgspec.DecodeError:
        return ""
