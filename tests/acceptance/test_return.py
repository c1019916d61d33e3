"""A thousand boxes lose their server at the same moment, and come back without storming it."""

import asyncio
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from appliance.acceptance.simulation import Simulation
from appliance.adapters.uplink_dial import Door, dial
from appliance.central.credentials import add_devices
from appliance.cli import file_limit
from appliance.delivery.policy import DeviceTiming
from appliance.traffic.shapes import Shape
from appliance.traffic.tally import Tally
from tests.central.rig import ServerProcess

BOXES = 1_000
RETURN_WITHIN_S = 20.0
AWAY_S = 3.0
QUIET = Shape("a quiet hour", 3600.0, 15.0, ((0.0, 20.0), (3600.0, 20.0)))


def doors(url: str, tokens: dict[str, str]) -> dict[str, Door]:
    def door(token: str) -> Door:
        headers = {"Authorization": f"Bearer {token}"}
        return Door(url, lambda: dial(url, None, headers, DeviceTiming()), by_certificate=False)

    return {device: door(token) for device, token in tokens.items()}


async def all_on_line(simulation: Simulation, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while any(device.log.link is None for device in simulation.devices):  # noqa: ASYNC110 - a thousand of them
            await asyncio.sleep(0.1)


@pytest.mark.soak
def test_a_thousand_boxes_return_within_the_time_that_the_server_sets_and_spread_over_it(tmp_path: Path) -> None:
    file_limit.allow(2 * BOXES)
    tokens = add_devices(tmp_path / "credentials.json", [f"box-{number}" for number in range(BOXES)])

    async def run(server: ServerProcess) -> tuple[Tally, list[float]]:
        url = f"ws://127.0.0.1:{server.port}/v1/device"
        simulation = Simulation("quiet", QUIET, doors(url, tokens), 1.0, seed=1)
        running = asyncio.create_task(simulation.run(lambda _text: None))
        await all_on_line(simulation, 60)
        await asyncio.to_thread(server.end, signal.SIGKILL)
        lost_s = time.monotonic()
        await asyncio.sleep(AWAY_S)
        await asyncio.to_thread(server.__enter__)
        await all_on_line(simulation, 90)
        simulation.stop()
        tally = await running
        return tally, [device.welcomes[-1] - lost_s for device in simulation.devices]

    with ServerProcess(tmp_path, "--return-within", str(RETURN_WITHIN_S)) as server:
        tally, welcomed_s = asyncio.run(run(server))
    assert tally.holds, tally
    with closing(sqlite3.connect(tmp_path / "central.sqlite")) as store:
        assert store.execute("SELECT count(*), count(DISTINCT device || ' ' || seq) FROM events").fetchone() == (
            (tally.events,) * 2
        )
    # After three seconds some have tried in vain and wait for up to twice the time; nobody comes later than that.
    assert max(welcomed_s) < 3 * RETURN_WITHIN_S
    busiest = max(Counter(int(at_s) for at_s in welcomed_s).values())
    assert busiest < BOXES / RETURN_WITHIN_S * 5, "no storm"
