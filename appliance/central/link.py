"""One connected device: reads its messages, acknowledges what is committed, pings, and carries commands."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from appliance.central.asked import Asked, LinkLostError
from appliance.central.bus import Bus
from appliance.central.clock import utc_now
from appliance.central.store import Arrival, Contact, arrival
from appliance.delivery import messages
from appliance.delivery.health import HealthMessage
from appliance.delivery.messages import TYPES_FROM_DEVICE, Bye, EventMessage, Hello, is_news
from appliance.delivery.pace import Pace
from appliance.delivery.policy import (
    CLOSE_CODES,
    MAX_IN_FLIGHT,
    MAX_MESSAGE_BYTES,
    MAX_MESSAGES_PER_S,
    MAX_URGENT_IN_FLIGHT,
    ServerTiming,
)
from appliance.delivery.roundtrip import RoundTrip

MAX_UNCOMMITTED: Final = 2 * (MAX_IN_FLIGHT + MAX_URGENT_IN_FLIGHT)
"""Events of one device that may wait for the disk. A device that keeps to its window never meets this limit; one
that does not is simply not read until the disk has caught up."""

READ_PER_S: Final = 2 * MAX_MESSAGES_PER_S
"""How fast a device is read that does not keep to what its welcome allows; one that does never meets this."""

_MAX_LOGGED_CHARACTERS: Final = 200

_log = logging.getLogger(__name__)


class ProtocolError(Exception):
    """The device said something that the protocol does not allow; the text names the place."""


class WrongDeviceError(Exception):
    """The device says that it is another one than its credential says."""


class DeviceLink:
    """The server's end of one device's WebSocket; `serve` runs until either side ends it.

    `put` queues an item for the store; `still_allowed` tells whether the device's credential is still good;
    `receive_health` takes what the device tells of itself.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        device: str,
        *,
        put: Callable[[Arrival | Contact], None],
        still_allowed: Callable[[], bool],
        bus: Bus,
        receive_health: Callable[[str, HealthMessage], None],
        timing: ServerTiming,
    ) -> None:
        self.device = device
        self._socket = socket
        self._put = put
        self._still_allowed = still_allowed
        self._bus = bus
        self._receive_health = receive_health
        self._timing = timing
        self._acked = 0
        self._committed = 0
        self._uncommitted = 0
        self._progress = asyncio.Event()
        self._room = asyncio.Event()
        self._trip = RoundTrip(time.monotonic())
        self._pace = Pace(READ_PER_S)
        self._asked = Asked(self._send)
        self._welcomed = False
        self._goodbye: asyncio.Event | None = None

    async def read_hello(self) -> Hello:
        """Wait for the first message. Raises `ProtocolError` when it is no hello, `WrongDeviceError` for another's."""
        try:
            async with asyncio.timeout(self._timing.hello_s):
                message = await self._receive()
        except TimeoutError:
            raise ProtocolError(f"no hello within {self._timing.hello_s:g} s") from None
        if message is None:
            raise LinkLostError
        if not isinstance(message, Hello):
            raise ProtocolError("the first message must be hello")
        if message.device != self.device:
            raise WrongDeviceError(f"hello names another device than the credential, which belongs to {self.device}")
        return message

    async def serve(self, resume_after: int) -> None:
        """Welcome the device and read it to the end. Raises `ProtocolError`, or the socket's error."""
        self._acked = self._committed = resume_after
        await self._send(
            messages.Welcome(
                resume_after=resume_after,
                server_time=utc_now(),
                max_messages_per_s=float(MAX_MESSAGES_PER_S),
                return_within_s=self._timing.return_within_s or 0.0,
            )
        )
        self._welcomed = True
        helpers = [asyncio.create_task(self._acknowledge()), asyncio.create_task(self._ping())]
        try:
            while (message := await self._receive()) is not None:
                await self._read(message)
                while self._uncommitted >= MAX_UNCOMMITTED:
                    self._room.clear()
                    await self._room.wait()
        finally:
            if self._goodbye is not None:
                await self._goodbye.wait()  # else the end of this handler would cut the goodbye short
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            self._asked.give_up()

    async def command(self, name: str, arguments: dict[str, Any]) -> messages.Result:
        """Send a command and wait for its result. Raises `TimeoutError` and `LinkLostError`."""
        if not self._welcomed:
            raise LinkLostError
        return await self._asked.ask(name, arguments, self._timing.command_s)

    async def say_goodbye(self, bye: Bye) -> None:
        """Tell the device why and close; a device that does not react in time is cut off."""
        await self._close(CLOSE_CODES[bye.reason], bye)

    async def settle(self) -> None:
        """Wait, no longer than for a goodbye, until everything that the device sent is committed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timing.goodbye_s):
                while self._uncommitted:
                    self._room.clear()
                    await self._room.wait()

    async def _receive(self) -> messages.FromDevice | None:
        while True:
            if wait_s := self._pace.wait_s(time.monotonic()):
                await asyncio.sleep(wait_s)
            frame = await self._socket.receive()
            self._pace.spend()
            self._trip.hear(time.monotonic())
            if frame.type is WSMsgType.BINARY:
                raise ProtocolError("messages are text, not binary")
            if frame.type is not WSMsgType.TEXT:
                return None
            if (message := understood(frame.data)) is not None:
                return message

    async def _read(self, message: messages.FromDevice) -> None:
        match message:
            case EventMessage():
                self._store(message)
            case messages.PartialMessage():
                self._bus.partial(self.device, message)
            case messages.StatusMessage():
                self._bus.status(self.device, message)
            case HealthMessage():
                self._receive_health(self.device, message)
            case messages.Ping():
                await self._send(messages.Pong(id=message.id))
            case messages.Pong():
                self._measure(message.id)
            case messages.Result():
                self._asked.receive(message)
            case messages.Bye():
                _log.info("device_bye device=%s reason=%s", self.device, message.reason)
            case Hello():
                raise ProtocolError("hello was said before")

    def _store(self, message: EventMessage) -> None:
        try:
            item = arrival(self.device, message, self._note_committed)
        except ValueError as error:
            raise ProtocolError(str(error)) from error
        self._uncommitted += 1
        self._put(item)

    def _note_committed(self, item: Arrival) -> None:
        self._uncommitted -= 1
        self._room.set()
        if not item.urgent:  # what lies before an advance copy is still on its way
            self._committed = max(self._committed, item.envelope.seq)
            self._progress.set()

    async def _acknowledge(self) -> None:
        while True:
            await self._progress.wait()
            self._progress.clear()
            await self._send_ack(again=True)

    async def _send_ack(self, *, again: bool = False) -> None:
        # A repeated event is acknowledged again: the device sends it because it has not seen the first ack.
        if again or self._committed > self._acked:
            self._acked = self._committed
            await self._send(messages.Ack(seq=self._acked))

    async def _close(self, code: int, bye: Bye | None) -> None:
        self._goodbye = self._goodbye or asyncio.Event()
        try:
            async with asyncio.timeout(self._timing.goodbye_s):
                if bye is not None:
                    await self._send_ack()
                    await self._send(bye)
                await self._socket.close(code=code)
        except (TimeoutError, ConnectionError):
            _log.debug("goodbye_unheard device=%s", self.device)
        finally:
            self._goodbye.set()

    async def _ping(self) -> None:
        while True:
            number, rtt_ms = self._trip.ping(time.monotonic()), self._trip.rtt_ms
            await self._send(messages.Ping(id=number, server_time=utc_now(), rtt_ms=rtt_ms))
            await asyncio.sleep(self._timing.ping_every_s)
            if not self._still_allowed():
                await self.say_goodbye(Bye(reason="revoked", text="the credential is no longer valid"))
                return
            if self._trip.silent_s(time.monotonic()) > self._timing.idle_s:
                _log.warning("device_silent device=%s idle_s=%.0f", self.device, self._timing.idle_s)
                await self._close(WSCloseCode.GOING_AWAY, None)
                return

    def _measure(self, number: int) -> None:
        rtt_ms = self._trip.pong(number, time.monotonic())
        if rtt_ms is not None:
            self._bus.measured(self.device, rtt_ms)
            self._put(Contact(self.device, utc_now()))

    async def _send(self, message: messages.FromServer) -> None:
        await self._socket.send_str(messages.encode(message))


def understood(text: str) -> messages.FromDevice | None:
    """Read a message; None for a type that only a newer device knows. Raises `ProtocolError` for what is no message."""
    size_bytes = len(text.encode("utf-8", "surrogatepass"))
    if size_bytes > MAX_MESSAGE_BYTES:
        raise ProtocolError(f"a message of {size_bytes} bytes is larger than {MAX_MESSAGE_BYTES}")
    try:
        return messages.decode_from_device(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        if is_news(text, TYPES_FROM_DEVICE):
            _log.debug("message_ignored bytes=%d", size_bytes)
            return None
        raise ProtocolError(str(error)[:_MAX_LOGGED_CHARACTERS]) from error
