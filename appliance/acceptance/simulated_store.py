"""What a server's own API shows of the calls that were simulated: each event once, in order."""

import asyncio
from collections.abc import Sequence
from typing import Final

from appliance.acceptance.server_views import ask
from appliance.acceptance.simulated_device import SimulatedDevice
from appliance.acceptance.wire import Target
from appliance.traffic.tally import Tally, compared

AT_ONCE: Final = 4
"""Calls that are read at the same time: the server has others to serve."""


async def look(target: Target, devices: Sequence[SimulatedDevice], tally: Tally) -> None:
    """Read every call from the server and add to the tally what is lost, doubled and out of order.

    Raises `NotCheckedError` when the server does not show its calls to us.
    """
    room = asyncio.Semaphore(AT_ONCE)

    async def stored(device: str, call: str) -> list[int]:
        async with room:
            answer = await ask(target, f"/api/calls/{device}/{call}")
        return [int(entry["seq"]) for entry in answer.get("events", [])]

    wanted = [(device.name, call, span) for device in devices for call, span in device.log.calls.items()]
    found = await asyncio.gather(*(stored(device, call) for device, call, _ in wanted))
    missing = 0
    for (_, _, (first, last)), numbers in zip(wanted, found, strict=True):
        lost, doubled, reordered = compared(range(first, last + 1), numbers)
        missing += lost
        tally.doubled += doubled
        tally.reordered += reordered
    tally.lost += max(0, missing - tally.waiting)
    tally.stored = True
