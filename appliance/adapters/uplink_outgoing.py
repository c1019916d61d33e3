"""What a connection sends: events in order, urgent ones ahead of a backlog, then what only the newest of matters.

Everything keeps to the limits of the server's `welcome`. A partial never stands in an event's way by more than its own
few hundred bytes.
"""

import asyncio
import time
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection

from appliance.adapters.event_log import EventLog
from appliance.delivery.cells import Cells
from appliance.delivery.envelope import event_text, head
from appliance.delivery.messages import Bye, Envelope, FromDevice, Welcome, encode
from appliance.delivery.pace import Pace
from appliance.delivery.policy import MAX_MESSAGE_BYTES, DeviceTiming
from appliance.delivery.window import Window

CHUNK_EVENTS: Final = 32
"""Events sent before the cells get their turn: some milliseconds, so a backlog does not silence a live call."""


class LinkError(Exception):
    """The connection cannot go on; the text says why."""


class NotUnderstoodError(LinkError):
    """The server does not keep the protocol as this box knows it."""


class Outgoing:
    """The sending half of one connection.

    `stopping` asks it to send what is left, wait for the acknowledgements and say goodbye. Every method may raise
    `LinkError` and what the socket raises.
    """

    def __init__(
        self, socket: ClientConnection, outbox: EventLog, cells: Cells, timing: DeviceTiming, stopping: asyncio.Event
    ) -> None:
        self.progressed = False
        self._socket = socket
        self._outbox = outbox
        self._cells = cells
        self._timing = timing
        self._stopping = stopping
        self._window = Window()
        self._pace = Pace()
        self._chunk_events = CHUNK_EVENTS
        self._max_message_bytes = MAX_MESSAGE_BYTES
        self._progress_at_s = time.monotonic()

    def begin(self, welcome: Welcome) -> None:
        """Take up where the server says, within its limits."""
        self._window.resume(welcome.resume_after, welcome.max_in_flight)
        self._max_message_bytes = welcome.max_message_bytes
        self._pace = Pace(welcome.max_messages_per_s)
        self._chunk_events = min(CHUNK_EVENTS, self._pace.burst)
        self._cells.connect(welcome.partial_interval_s)
        self._outbox.urgent.connect()

    def receive_ack(self, seq: int) -> None:
        """Take that everything up to `seq` is stored."""
        try:
            released = self._window.acknowledge(seq)
        except ValueError as error:
            raise NotUnderstoodError(str(error)) from error
        if released:
            self.progressed = True
            self._progress_at_s = time.monotonic()
            self._outbox.acknowledge(seq)
            self._outbox.news.set()

    async def run(self) -> None:
        """Send until the box is stopping, everything is acknowledged and goodbye is said."""
        flushed = False
        while True:
            self._outbox.news.clear()
            if self._stopping.is_set() and not flushed:
                await self._outbox.flush()
                flushed = True
            sent = await self._send_events()
            await self._send_urgent()
            for cell in self._cells.take(time.monotonic()):
                await self._in_turn(encode(cell))
            if flushed and not sent and not self._window.in_flight:
                await self.say(Bye(reason="stopping"))
                return
            if not sent:
                await self._wait_for_news()

    async def say(self, message: FromDevice) -> None:
        """Send an answer or a sign of life: at once."""
        await self._say_text(encode(message))

    @property
    def _room(self) -> int:
        return min(self._window.room, self._chunk_events)

    async def _send_events(self) -> bool:
        if self._room < 1:
            return False
        envelopes = await self._outbox.read_after(self._window.position, self._room)
        for envelope in envelopes:
            if not self._window.in_flight:
                self._progress_at_s = time.monotonic()
            self._window.send(envelope.seq)
            self._settle_partial(envelope)
            await self._in_turn(event_text(envelope, self._max_message_bytes))
        return bool(envelopes)

    async def _send_urgent(self) -> None:
        """Send ahead what the next chunk does not reach."""
        for row in self._outbox.urgent.take(self._window.position + self._room):
            envelope = self._outbox.enveloped(row)
            await self._in_turn(event_text(envelope, self._max_message_bytes, urgent=True))

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

    async def _in_turn(self, text: str) -> None:
        """Send when the server's pace allows it."""
        if wait_s := self._pace.wait_s(time.monotonic()):
            await asyncio.sleep(wait_s)
        await self._say_text(text)

    async def _say_text(self, text: str) -> None:
        self._pace.spend()
        try:
            async with asyncio.timeout(self._timing.stalled_s):
                await self._socket.send(text)
        except TimeoutError as error:
            raise LinkError(f"the server has read nothing for {self._timing.stalled_s:g} s") from error
