"""One connection to the central server, from `hello` to `bye`.

Three tasks share the socket. One receives and answers, one sends (`uplink_outgoing`), one pings.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection

from appliance.adapters import clock
from appliance.adapters.event_log import EventLog
from appliance.adapters.uplink_outgoing import LinkError, NotUnderstoodError, Outgoing
from appliance.delivery.envelope import MAX_SEQ
from appliance.delivery.messages import (
    TYPES_FROM_SERVER,
    Ack,
    Bye,
    Command,
    FromServer,
    Hello,
    Ping,
    Pong,
    Result,
    Welcome,
    decode_from_server,
    is_news,
)
from appliance.delivery.policy import MIN_MESSAGE_BYTES, MIN_MESSAGES_PER_S, SUBPROTOCOL, DeviceTiming
from appliance.delivery.roundtrip import RoundTrip

MAX_RESUME_AFTER: Final = MAX_SEQ // 4
"""Above this a server's number is nonsense; below it our own never run out."""

STEADY_S: Final = 10.0
"""A connection that lasted this long was a good one; a server that falls over at once is not knocked at at once."""

MAX_SAID: Final = 200
"""Of what a server says for people, in a log and beside a light."""

_log = logging.getLogger(__name__)


class ByeReceivedError(Exception):
    """The server has said goodbye."""

    def __init__(self, bye: Bye) -> None:
        self.bye = bye
        super().__init__(f"the server says {bye.reason}" + (f": {first_line(bye.text)}" if bye.text else ""))


class Link:
    """One connection; `do` does a command and gives its result."""

    def __init__(
        self,
        socket: ClientConnection,
        outbox: EventLog,
        outgoing: Outgoing,
        do: Callable[[Command], Awaitable[Result]],
        timing: DeviceTiming,
    ) -> None:
        self._welcomed_at_s: float | None = None
        self._socket = socket
        self._outbox = outbox
        self._outgoing = outgoing
        self._do = do
        self._timing = timing
        self._trip = RoundTrip(time.monotonic())

    async def greet(self, hello: Hello) -> Welcome:
        """Say hello, and take up where the server's `welcome` says.

        Raises `LinkError`, `ByeReceivedError`, what the socket raises, and what `Outbox.resume` does.
        """
        if self._socket.subprotocol != SUBPROTOCOL:
            raise LinkError(f"the server does not speak {SUBPROTOCOL}")
        await self._outgoing.say(hello)
        try:
            async with asyncio.timeout(self._timing.welcome_s):
                welcome = await self._hear_welcome()
        except TimeoutError as error:
            raise LinkError(f"no welcome within {self._timing.welcome_s:g} s") from error
        if wrong := _impossible(welcome):
            await self._outgoing.say(Bye(reason="protocol_error", text=wrong))
            raise NotUnderstoodError(f"the server's welcome cannot be kept: {wrong}")
        self._outbox.server_clock.receive(welcome.server_time, clock.uptime_s())
        await self._outbox.resume(welcome.resume_after)
        self._outgoing.begin(welcome)
        self._welcomed_at_s = time.monotonic()
        self._trip.hear(self._welcomed_at_s)
        return welcome

    @property
    def was_good(self) -> bool:
        """Whether the server acknowledged anything, or at least kept up the connection for a while."""
        return self._outgoing.progressed or (
            self._welcomed_at_s is not None and time.monotonic() - self._welcomed_at_s >= STEADY_S
        )

    async def run(self) -> None:
        """Send and receive until the link ends; returns when the box is stopping, everything sent and goodbye said.

        Raises `LinkError`, `ByeReceivedError` and what the socket raises.
        """
        tasks = [
            asyncio.create_task(self._receive(), name="uplink receive"),
            asyncio.create_task(self._outgoing.run(), name="uplink send"),
            asyncio.create_task(self._ping(), name="uplink ping"),
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
            match understood(await self._socket.recv()):
                case Welcome() as welcome:
                    return welcome
                case Bye() as bye:
                    raise ByeReceivedError(bye)
                case Ping(id=number):
                    await self._outgoing.say(Pong(id=number))
                case None:
                    pass
                case message:
                    raise NotUnderstoodError(
                        f"the server began with {type(message).__name__.lower()} instead of welcome"
                    )

    async def _receive(self) -> None:
        async for text in self._socket:
            message = understood(text)
            self._trip.hear(time.monotonic())
            match message:
                case Ack(seq=seq):
                    self._outgoing.receive_ack(seq)
                case Ping() as ping:
                    await self._outgoing.say(Pong(id=ping.id))
                    self._outbox.server_clock.receive(ping.server_time, clock.uptime_s())
                case Pong(id=number):
                    self._measure(number)
                case Command() as command:
                    await self._outgoing.say(await self._do(command))
                case Bye() as bye:
                    raise ByeReceivedError(bye)
                case _:
                    pass
        raise LinkError("the server closed the connection")

    async def _ping(self) -> None:
        """Ask for a sign of life now and then; raises `LinkError` after a long silence, not after one missed pong."""
        while True:
            now_s = time.monotonic()
            if self._trip.silent_s(now_s) > self._timing.silent_s:
                raise LinkError(f"nothing was heard of the server for {self._timing.silent_s:g} s")
            rtt_ms = self._trip.rtt_ms
            await self._outgoing.say(Ping(id=self._trip.ping(now_s), rtt_ms=rtt_ms))
            await asyncio.sleep(self._timing.ping_every_s)

    def _measure(self, number: int) -> None:
        rtt_ms = self._trip.pong(number, time.monotonic())
        if rtt_ms is not None:
            _log.debug("event=round_trip rtt_ms=%s", rtt_ms)


def understood(text: str | bytes) -> FromServer | None:
    """Read a message; None for a type that a newer server may send. Raises `NotUnderstoodError` for what is none."""
    try:
        return decode_from_server(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        if is_news(text, TYPES_FROM_SERVER):
            _log.debug("event=message_ignored")
            return None
        raise NotUnderstoodError(f"the server sent a message that cannot be read: {first_line(str(error))}") from error


def first_line(text: str) -> str:
    """Give what a server says for people, as far as it can stand in a log."""
    line = text[:MAX_SAID].partition("\n")[0]
    return "".join(letter for letter in line if letter.isprintable())


def _impossible(welcome: Welcome) -> str:
    """Tell which number of a welcome nobody can keep to; empty when all can be kept."""
    if welcome.resume_after > MAX_RESUME_AFTER:
        return f"resume_after {welcome.resume_after} is out of range"
    if welcome.max_message_bytes < MIN_MESSAGE_BYTES:
        return f"max_message_bytes {welcome.max_message_bytes} is below {MIN_MESSAGE_BYTES}"
    if 0 < welcome.max_messages_per_s < MIN_MESSAGES_PER_S:
        return f"max_messages_per_s {welcome.max_messages_per_s:g} is below {MIN_MESSAGES_PER_S:g}"
    return ""
