"""One connected device: reads its messages, acknowledges what is committed, pings, and carries commands."""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from appliance.central.bus import Bus
from appliance.central.clock import utc_now
from appliance.central.store import Arrival, Contact, arrival
from appliance.delivery import messages
from appliance.delivery.messages import MAX_IN_FLIGHT, MAX_MESSAGE_BYTES, Bye, Hello

MAX_UNCOMMITTED: Final = 2 * MAX_IN_FLIGHT
"""Events of one device that may wait for the disk. A device that keeps to its window never meets this limit; one
that does not is simply not read until the disk has caught up."""

RETRY_AFTER_REPLACED_S: Final = 30.0
"""Two boxes with one token must not throw each other out ten times a second."""

_MAX_LOGGED_CHARACTERS: Final = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Timing:
    """How long the server waits for a device, in seconds.

    A hello follows the upgrade at once, 10 s is a very bad network. A ping every 10 s keeps the usual 30-60 s
    time-outs of proxies away; 35 s of silence are three missed pongs. A supervisor waits 5 s for a command's result.
    """

    hello_s: float = 10.0
    ping_every_s: float = 10.0
    idle_s: float = 35.0
    command_s: float = 5.0
    goodbye_s: float = 2.0


class ProtocolError(Exception):
    """The device said something that the protocol does not allow; the text names the place."""


class WrongDeviceError(Exception):
    """The device says that it is another one than its credential says."""


class LinkLostError(Exception):
    """The device went away before it answered."""


class DeviceLink:
    """The server's end of one device's WebSocket; `serve` runs until either side ends it.

    `put` queues an item for the store; `still_allowed` tells whether the device's credential is still good.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        device: str,
        *,
        put: Callable[[Arrival | Contact], None],
        still_allowed: Callable[[], bool],
        bus: Bus,
        timing: Timing,
    ) -> None:
        self.device = device
        self._socket = socket
        self._put = put
        self._still_allowed = still_allowed
        self._bus = bus
        self._timing = timing
        self._acked = 0
        self._committed = 0
        self._uncommitted = 0
        self._progress = asyncio.Event()
        self._room = asyncio.Event()
        self._heard_s = time.monotonic()
        self._pings: dict[int, float] = {}
        self._commands: dict[str, asyncio.Future[messages.Result]] = {}
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
        await self._send(messages.Welcome(resume_after=resume_after, server_time=utc_now()))
        self._welcomed = True
        helpers = [asyncio.create_task(self._acknowledge()), asyncio.create_task(self._ping())]
        try:
            while (message := await self._receive()) is not None:
                self._read(message)
                while self._uncommitted >= MAX_UNCOMMITTED:
                    self._room.clear()
                    await self._room.wait()
        finally:
            if self._goodbye is not None:
                await self._goodbye.wait()  # else the end of this handler would cut the goodbye short
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            self._give_up_commands()

    async def command(self, name: str, arguments: dict[str, Any]) -> messages.Result:
        """Send a command and wait for its result. Raises `TimeoutError` and `LinkLostError`."""
        if not self._welcomed:
            raise LinkLostError
        command = messages.Command(id=uuid.uuid4().hex, name=name, arguments=arguments)
        answer: asyncio.Future[messages.Result] = asyncio.get_running_loop().create_future()
        self._commands[command.id] = answer
        try:
            async with asyncio.timeout(self._timing.command_s):
                await self._send(command)
                return await answer
        except ConnectionError as error:
            raise LinkLostError from error
        finally:
            self._commands.pop(command.id, None)

    async def say_goodbye(self, bye: Bye) -> None:
        """Tell the device why and close; a device that does not react in time is cut off."""
        code = WSCloseCode.GOING_AWAY if bye.reason == "stopping" else WSCloseCode.POLICY_VIOLATION
        await self._close(code, bye)

    async def settle(self) -> None:
        """Wait, no longer than for a goodbye, until everything that the device sent is committed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timing.goodbye_s):
                while self._uncommitted:
                    self._room.clear()
                    await self._room.wait()

    async def _receive(self) -> messages.FromDevice | None:
        frame = await self._socket.receive()
        self._heard_s = time.monotonic()
        if frame.type is WSMsgType.TEXT:
            return _decode(frame.data)
        if frame.type is WSMsgType.BINARY:
            raise ProtocolError("messages are text, not binary")
        return None

    def _read(self, message: messages.FromDevice) -> None:
        match message:
            case messages.EventMessage():
                self._store(message.envelope)
            case messages.PartialMessage():
                self._bus.partial(self.device, message)
            case messages.StatusMessage():
                self._bus.status(self.device, message)
            case messages.Pong():
                self._measure(message.id)
            case messages.Result():
                answer = self._commands.pop(message.id, None)
                if answer is not None and not answer.done():
                    answer.set_result(message)
            case messages.Bye():
                _log.info("device_bye device=%s reason=%s", self.device, message.reason)
            case Hello():
                raise ProtocolError("hello was said before")

    def _store(self, envelope: messages.Envelope) -> None:
        try:
            item = arrival(self.device, envelope, self._note_committed)
        except ValueError as error:
            raise ProtocolError(str(error)) from error
        self._uncommitted += 1
        self._put(item)

    def _note_committed(self, seq: int) -> None:
        self._uncommitted -= 1
        self._committed = max(self._committed, seq)
        self._progress.set()
        self._room.set()

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

    async def _close(self, code: WSCloseCode, bye: Bye | None) -> None:
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
        number = 0
        while True:
            number += 1
            self._pings = {number - 1: self._pings[number - 1]} if number - 1 in self._pings else {}
            self._pings[number] = time.monotonic()
            await self._send(messages.Ping(id=number))
            await asyncio.sleep(self._timing.ping_every_s)
            if not self._still_allowed():
                await self.say_goodbye(Bye(reason="revoked", text="the credential is no longer valid"))
                return
            if time.monotonic() - self._heard_s > self._timing.idle_s:
                _log.warning("device_silent device=%s idle_s=%.0f", self.device, self._timing.idle_s)
                await self._close(WSCloseCode.GOING_AWAY, None)
                return

    def _measure(self, number: int) -> None:
        sent_s = self._pings.pop(number, None)
        if sent_s is not None:
            self._bus.measured(self.device, round((time.monotonic() - sent_s) * 1000, 1))
            self._put(Contact(self.device, utc_now()))

    def _give_up_commands(self) -> None:
        for answer in self._commands.values():
            if not answer.done():
                answer.set_exception(LinkLostError())

    async def _send(self, message: messages.FromServer) -> None:
        await self._socket.send_str(messages.encode(message))


def _decode(text: str) -> messages.FromDevice:
    size_bytes = len(text.encode("utf-8", "surrogatepass"))
    if size_bytes > MAX_MESSAGE_BYTES:
        raise ProtocolError(f"a message of {size_bytes} bytes is larger than {MAX_MESSAGE_BYTES}")
    try:
        return messages.decode_from_device(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ProtocolError(str(error)[:_MAX_LOGGED_CHARACTERS]) from error
