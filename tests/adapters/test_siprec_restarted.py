"""An exchange that is killed and started again, with real telephones, while another one's call goes on."""

import asyncio
import shutil
from pathlib import Path

import pytest

import appliance
from appliance.adapters.siprec_call import SILENT_S
from appliance.cli.demo_exchange import Exchange
from appliance.cli.demo_phones import phones
from appliance.events import SAMPLE_RATE_HZ, Gap

from .siprec_parts import Running, running

CALL = Path(appliance.__file__).parent / "calls" / "billing_dispute.wav"
PATIENCE_S = 30.0
"""It takes two seconds, most of them the telephones'; a dead session is hung up after sixty."""

SECOND = 50


async def heard(line: Running, call: int, steps: int) -> None:
    """Wait until a call has begun and given so many steps."""
    while len(line.calls) <= call or len(line.steps[call]) < steps:  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0.02)


async def recorded(line: Running, exchange: Exchange, folder: Path, until_over: asyncio.Event) -> None:
    """Have a call recorded until it is over; nobody says goodbye."""
    async with phones(folder, CALL, await exchange.open()):
        await exchange.connect(line.port())
        await until_over.wait()
    exchange.close()


def gaps(line: Running, call: int, side: str) -> list[Gap]:
    return [piece for step in line.steps[call] for piece in step if isinstance(piece, Gap) and piece.who == side]


@pytest.mark.skipif(not shutil.which("baresip"), reason="baresip is not installed; `./undertone test` installs it")
def test_an_exchange_that_is_started_again_is_recorded_at_once_and_no_other_call_is_touched(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("other", "before", "after")]
    for folder in folders:
        folder.mkdir()

    async def run() -> None:
        over = [asyncio.Event() for _ in range(3)]
        async with running(max_calls=2) as line, asyncio.TaskGroup() as group:
            for number in range(2):
                group.create_task(recorded(line, Exchange(), folders[number], over[number]))
                await heard(line, number, SECOND)
            over[1].set()
            await asyncio.sleep(SILENT_S + 1)
            group.create_task(recorded(line, Exchange(), folders[2], over[2]))
            await asyncio.wait_for(heard(line, 2, SECOND), PATIENCE_S)
            await asyncio.wait_for(line.tasks[1], PATIENCE_S)
            assert line.calls[1].ended == "line_lost"
            for side in ("agent", "caller"):
                hole = gaps(line, 1, side)[-1]
                assert hole.end_sample - hole.start_sample > SILENT_S * SAMPLE_RATE_HZ
            await heard(line, 0, len(line.steps[0]) + SECOND)
            over[0].set()
            over[2].set()

    asyncio.run(run())
