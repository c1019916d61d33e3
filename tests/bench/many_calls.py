"""The device as on a working day: started once, one call after the other.

Run as `python -m tests.bench.many_calls SETTINGS COUNT`; the settings' line is the call, each time anew.
"""

import asyncio
import logging
import sys
from pathlib import Path

from appliance.adapters.preparation import prepare
from appliance.app import Device
from appliance.cli.run import load_settings


async def main(settings_file: str, count: str) -> None:
    settings = load_settings(Path(settings_file))
    prepared = prepare(settings)
    device = Device(settings, prepared)
    assert prepared.host is not None, "the benchmark has chosen the model"
    await device.reporting.outbox.start()
    await prepared.host.start()
    for _ in range(int(count)):
        await device.run()
    await prepared.host.stop()
    await device.reporting.outbox.stop()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    asyncio.run(main(*sys.argv[1:]))
