"""One simulated device: the real uplink of a box, fed from a shape in place of a telephone line."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator

from websockets.asyncio.client import ClientConnection

from appliance.acceptance.simulated_log import SimulatedLog
from appliance.adapters.uplink import LinkState, Uplink
from appliance.adapters.uplink_dial import Door
from appliance.delivery.messages import Command, Hello, PartialMessage, Result, StatusMessage
from appliance.traffic.shapes import Chance, PlannedCall
from appliance.traffic.talk import Moment, moments
from appliance.version import VERSION


class OutageError(OSError):
    """The network is away, because the shape says so."""


class Pacer:
    """The shape's clock: `speed` seconds of it pass in one of ours, from `begin` on."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._late_ms: Counter[int] = Counter()
        self.stopping = asyncio.Event()
        self._began_s = time.monotonic()

    @property
    def at_s(self) -> float:
        """How far the shape has come."""
        return (time.monotonic() - self._began_s) * self.speed

    def begin(self) -> None:
        """Begin the shape now."""
        self._began_s = time.monotonic()

    async def until(self, at_s: float) -> bool:
        """Wait for a moment of the shape; False when everything is to stop."""
        wait_s = (at_s - self.at_s) / self.speed
        if wait_s > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self.stopping.wait()
        self._late_ms[max(0, int((self.at_s - at_s) / self.speed * 1000))] += 1
        return not self.stopping.is_set()

    def late_ms(self, share: float) -> int:
        """Give how late the moments were, the given share of them at most so much."""
        left = share * self._late_ms.total()
        for late_ms, count in sorted(self._late_ms.items()):
            left -= count
            if left <= 0:
                return late_ms
        return 0


class SimulatedDevice:
    """A device called `name`; `door` is its way to the server, `chance` its own.

    `welcomes` are the moments (monotonic) of its welcomes, `endings` why its links ended.
    """

    def __init__(self, name: str, door: Door, chance: Chance, endings: Counter[str]) -> None:
        self.name = name
        self.log = SimulatedLog()
        self.welcomes: list[float] = []
        self.partials = 0
        self.breaks = 0
        self.away = self.tried = False
        self._door = door
        self._chance = chance
        self._endings = endings
        self._boot = f"simulated-{name}-{time.time_ns()}"
        self._socket: ClientConnection | None = None
        way = Door(door.url, self._dial, by_certificate=door.by_certificate)
        self.uplink = Uplink(way, self.log, self._hello, self._do, self._receive_link)

    async def say(self, calls: list[PlannedCall], pacer: Pacer) -> None:
        """Have these calls; the one under way is hung up when everything is to stop."""
        for number, planned in enumerate(calls, 1):
            if not await pacer.until(planned.begins_s):
                return
            call = f"{self._boot.rpartition('-')[2]}-{number}"
            await self._talk(call, planned, pacer)

    def cut(self, *, away: bool) -> None:
        """Take the network away without a word, or give it back."""
        self.away = away
        if away and self._socket is not None:
            self._socket.transport.abort()

    async def _talk(self, call: str, planned: PlannedCall, pacer: Pacer) -> None:
        last: Moment | None = None
        for moment in moments(call, planned.lasts_s, self._chance):
            if not await pacer.until(planned.begins_s + moment.at_s):
                last = last or moment
            if last is None or moment.at_s >= planned.lasts_s:
                self._say(call, moment)

    def _say(self, call: str, moment: Moment) -> None:
        match moment.said:
            case PartialMessage() as partial:
                self.partials += 1
                self.uplink.show_partial(partial)
            case StatusMessage() as status:
                self.uplink.show_status(status)
            case event:
                self.log.append(call, event)

    def _hello(self) -> Hello:
        return Hello(
            device=self.name, firmware=f"simulated {VERSION}", boot=self._boot, last_seq=0, clock_synchronised=True
        )

    async def _do(self, command: Command) -> Result:
        return Result(id=command.id, ok=True)

    def _receive_link(self, state: LinkState, text: str) -> None:
        if state == "online":
            self.welcomes.append(time.monotonic())
            self.log.link = len(self.welcomes)
            return
        if self.log.link is not None and text != "stopped":
            self.breaks += 1
        self.log.link = None
        if text not in {"stopped", OutageError.__doc__} and not self.away:
            self._endings[text] += 1

    @contextlib.asynccontextmanager
    async def _dial(self) -> AsyncIterator[ClientConnection]:
        if self.away:
            raise OutageError(OutageError.__doc__)
        self.tried = True
        async with self._door.dial() as socket:
            self._socket = socket
            try:
                yield socket
            finally:
                self._socket = None
