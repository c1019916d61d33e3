"""Many simulated devices against one server: has them talk, takes the network away, and tells what became of it."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from appliance.acceptance.simulated_device import Pacer, SimulatedDevice
from appliance.adapters.uplink_dial import Door
from appliance.delivery.backoff import CAP_S
from appliance.traffic.shapes import Shape, calls_of_a_box
from appliance.traffic.tally import Return, Tally, delays, returned

FLUSH_S: Final = 60.0
"""After the last word, for what the server has not acknowledged; then it counts as lost."""

STOP_S: Final = 30.0
"""For the goodbyes of all devices."""

LOOK_EVERY_S: Final = 0.5
"""Often enough for a person, and cheap with thousands of devices."""

PROGRESS_EVERY_S: Final = 5.0

Say = Callable[[str], None]


class Simulation:
    """Devices by name, each with its way to the server; `seed` makes the traffic the same again."""

    def __init__(self, name: str, shape: Shape, doors: Mapping[str, Door], speed: float, seed: int) -> None:
        self._shape_name = name
        self._shape = shape
        self._pacer = Pacer(speed)
        self._endings: Counter[str] = Counter()
        self._seed = seed
        self.devices = [
            SimulatedDevice(device, door, random.Random(f"{seed} {device}").random, self._endings)  # noqa: S311 - traffic
            for device, door in doors.items()
        ]
        self._returns: list[Return] = []
        self.flush_s = FLUSH_S

    def stop(self) -> None:
        """Have all calls hung up now; what was said is still delivered."""
        self._pacer.stopping.set()

    async def run(self, say: Say) -> Tally:
        """Run the shape to its end; `say` hears how it goes."""
        began_s = time.monotonic()
        self._pacer.begin()
        telling = asyncio.create_task(self._tell(say))
        outages = [asyncio.create_task(self._outage(*times)) for times in self._shape.away]
        links = [asyncio.create_task(self._live(device, place)) for place, device in enumerate(self.devices)]
        try:
            await asyncio.gather(*links, *outages)
        finally:
            telling.cancel()
            for task in [*links, *outages]:
                task.cancel()
            await asyncio.gather(telling, *links, *outages, return_exceptions=True)
        return self._tally(time.monotonic() - began_s)

    async def _live(self, device: SimulatedDevice, place: int) -> None:
        """One device's day: come on line, have its calls, wait for its acknowledgements, go."""
        calls = list(calls_of_a_box(self._shape, random.Random(f"{self._seed} {place}").random))  # noqa: S311 - traffic
        if not await self._pacer.until(self._shape.arrive_within_s * place / len(self.devices)):
            return
        linked = asyncio.create_task(device.uplink.run())
        try:
            await device.say(calls, self._pacer)
            await self._pacer.until(self._shape.length_s)
            await _settle(lambda: not device.log.waiting, self.flush_s)
            await device.uplink.stop(min(STOP_S, self.flush_s))
        finally:
            linked.cancel()
            await asyncio.gather(linked, return_exceptions=True)

    async def _outage(self, begins_s: float, ends_s: float) -> None:
        if not await self._pacer.until(begins_s):
            return
        for device in self.devices:
            device.cut(away=True)
        await self._pacer.until(ends_s)
        back_s = time.monotonic()
        for device in self.devices:
            device.cut(away=False)
        bound_s = max([CAP_S, *(device.uplink.return_within_s for device in self.devices)])
        await _settle(lambda: all(device.log.link is not None for device in self.devices), bound_s + STOP_S)
        welcomes = [next((at_s for at_s in device.welcomes if at_s > back_s), None) for device in self.devices]
        self._returns.append(returned([at_s - back_s for at_s in welcomes if at_s is not None], bound_s))

    async def _tell(self, say: Say) -> None:
        while True:
            await asyncio.sleep(PROGRESS_EVERY_S)
            made, online = sum(device.log.made for device in self.devices), self._online()
            waiting = sum(device.log.waiting for device in self.devices)
            at_s = min(self._pacer.at_s, self._shape.length_s)
            so_far = f"{at_s / 60:6.1f} of {self._shape.length_s / 60:g} min"
            say(f"{so_far}: {online} on line, {made} events, {waiting} waiting")
            if not online and self._endings:
                say(self._endings.most_common(1)[0][0])

    def _online(self) -> int:
        return sum(device.log.link is not None for device in self.devices)

    def _tally(self, took_s: float) -> Tally:
        logs = [device.log for device in self.devices]
        return Tally(
            shape=self._shape_name,
            speed=self._pacer.speed,
            devices=len(self.devices),
            took_s=round(took_s, 1),
            events=sum(log.made for log in logs),
            acknowledged=sum(len(log.taken) for log in logs),
            waiting=sum(log.waiting for log in logs),
            lost=sum(log.forgotten for log in logs),
            reordered=sum(log.unsent for log in logs),
            partials=sum(device.partials for device in self.devices),
            connections=sum(len(device.welcomes) for device in self.devices),
            unwelcome=sum(device.tried and not device.welcomes for device in self.devices),
            breaks=sum(device.breaks for device in self.devices),
            late_ms=self._pacer.late_ms(0.95),
            live=delays([each.after_s for log in logs for each in log.taken if each.live]),
            backlog=delays([each.after_s for log in logs for each in log.taken if not each.live]),
            returned=self._returns,
            endings=dict(self._endings.most_common(10)),
        )


async def _settle(done: Callable[[], bool], within_s: float) -> None:
    give_up_s = time.monotonic() + within_s
    while not done() and time.monotonic() < give_up_s:  # noqa: ASYNC110 - what is waited for is many things at once
        await asyncio.sleep(LOOK_EVERY_S)
