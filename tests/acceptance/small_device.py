"""A small device in memory that keeps the protocol, but for the flaws that it is given."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from appliance.acceptance.wire import enveloped, spoken
from appliance.delivery import messages, policy

FLAWS: Final[dict[str, set[str]]] = {
    "sends before it is welcomed": {"it says hello and waits for its welcome", "no more is in flight than allowed"},
    "has no window": {"no more is in flight than allowed", "repeated acknowledgements change nothing"},
    "forgets what is cut": {
        "what was not acknowledged comes again",
        "nonsense costs no event",
        "a false acknowledgement is not believed",
    },
    "renumbers what is cut": {
        "what was not acknowledged comes again",
        "nonsense costs no event",
        "a false acknowledgement is not believed",
    },
    "begins anew once": {"what was not acknowledged comes again"},
    "counts acknowledgements": {"repeated acknowledgements change nothing"},
    "believes everything": {"a false acknowledgement is not believed"},
    "has no limit": {"messages are no larger than allowed"},
    "answers no ping": {"pings are answered", "unknown fields and messages are ignored"},
    "hates news": {"unknown fields and messages are ignored"},
    "says yes to all": {"an unknown command is answered, twice alike"},
    "comes too soon": {"it comes no sooner than asked"},
    "hammers": {"it does not hammer"},
    "knocks on and on": {"refused, it stays away"},
}
"""Each flaw, and the lines of the table that it must fail."""

ANEW_AT: Final = 4
"""The welcome after the first cut."""

WAIT_S: Final = 0.08


class SmallDevice:
    """Sends events 1, 2, 3 and so on without end to `url`."""

    def __init__(self, url: str, flaws: Iterable[str] = ()) -> None:
        self._url = url
        self._flaws = set(flaws)
        self._acked = 0
        self._room = 0
        self._wait_s = WAIT_S
        self._position = 0
        self._moved = 0
        self._welcomes = 0
        self._in_flight: list[int] = []
        self._ready = asyncio.Event()

    def _has(self, flaw: str) -> bool:
        assert flaw in FLAWS
        return flaw in self._flaws

    async def run(self) -> None:
        """Come again and again, until cancelled."""
        while True:
            self._wait_s = 0.0 if self._has("hammers") else WAIT_S
            try:
                async with connect(
                    self._url, subprotocols=[Subprotocol(policy.SUBPROTOCOL)], compression=None, ping_interval=None,
                    proxy=None,
                ) as socket:  # fmt: skip
                    await self._talk(socket)
            except InvalidStatus as error:
                if error.response.status_code == 401 and not self._has("knocks on and on"):
                    self._wait_s = 300.0
            except (OSError, WebSocketException, ValueError):
                pass
            await asyncio.sleep(self._wait_s)

    async def _talk(self, socket: ClientConnection) -> None:
        self._ready.clear()
        hello = messages.Hello(device="d", firmware="1", boot="b", last_seq=10**6, clock_synchronised=True)
        await socket.send(messages.encode(hello))
        if self._has("sends before it is welcomed") and not self._welcomes:
            await self._event(socket, 1)
        sending = asyncio.create_task(self._send(socket))
        try:
            async for text in socket:
                if not await self._take(socket, text):
                    return
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await sending

    async def _take(self, socket: ClientConnection, text: str | bytes) -> bool:
        try:
            message = messages.decode_from_server(text)
        except ValueError:
            return messages.is_news(text, messages.TYPES_FROM_SERVER) and not self._has("hates news")
        match message:
            case messages.Welcome():
                self._begin(message)
            case messages.Ack(seq=seq):
                return self._acknowledged(seq)
            case messages.Ping(id=number) if not self._has("answers no ping"):
                await socket.send(messages.encode(messages.Pong(id=number)))
            case messages.Command(id=name):
                code = "" if self._has("says yes to all") else "unknown_command"
                await socket.send(messages.encode(messages.Result(id=name, ok=not code, code=code)))
            case messages.Bye():
                self._wait_s = WAIT_S if self._has("comes too soon") else message.retry_after_s or WAIT_S
                return False
        return True

    def _begin(self, welcome: messages.Welcome) -> None:
        self._welcomes += 1
        self._in_flight.clear()
        if self._has("renumbers what is cut") and self._position > welcome.resume_after:
            self._moved += 1_000
        self._acked = max(self._acked, welcome.resume_after)
        if not self._has("forgets what is cut"):
            self._position = 0 if self._has("begins anew once") and self._welcomes == ANEW_AT else self._acked
        self._room = 10**9 if self._has("has no window") else welcome.max_in_flight
        self._ready.set()

    def _acknowledged(self, seq: int) -> bool:
        if seq > self._position + self._moved and not self._has("believes everything"):
            return False
        released = sum(number <= seq for number in self._in_flight)
        self._in_flight = [number for number in self._in_flight if number > seq]
        self._room += 2 if self._has("counts acknowledgements") else released
        self._acked = max(self._acked, seq - self._moved)
        self._position = max(self._position, self._acked)
        return True

    async def _send(self, socket: ClientConnection) -> None:
        await self._ready.wait()
        while True:
            while self._room > 0:
                self._room -= 1
                self._position += 1
                self._in_flight.append(self._position + self._moved)
                await self._event(socket, self._position + self._moved)
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)

    async def _event(self, socket: ClientConnection, seq: int) -> None:
        event = spoken(seq) | ({"text": "x" * 3_000} if self._has("has no limit") else {})
        await socket.send(messages.encode(messages.EventMessage(envelope=enveloped(seq, event))))
