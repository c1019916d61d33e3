"""A box that sends a part of an hour of calls through its real outbox and uplink, or the audio of it; tells its CPU.

`python -m tests.bench.uplink_load PORT events|audio deflate|none`; prints the seconds of CPU.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from appliance.adapters import clock
from appliance.adapters.outbox import Outbox
from appliance.adapters.uplink import Uplink
from appliance.adapters.uplink_dial import Door
from appliance.delivery.envelope import Draft
from appliance.delivery.messages import Command, Hello, PartialMessage, Result, StatusMessage
from appliance.delivery.policy import SUBPROTOCOL
from appliance.event_json import to_json
from appliance.events import Event
from appliance.traffic.talk import moments

CALLS: Final = 3
CALL_S: Final = 120.0
PART: Final = CALLS * CALL_S / 3600.0
"""Of an hour: six minutes."""

SPEED: Final = 40.0
"""Slow enough that each event has a commit of its own, as in life."""

AUDIO_FRAME_S: Final = 0.1
AUDIO_FRAME_BYTES: Final = 1_600
"""Both sides as G.711, the least that streamed audio takes."""


async def send_events(door: Door) -> float:
    with tempfile.TemporaryDirectory() as folder:
        outbox = Outbox(Path(folder) / "outbox.sqlite3", lambda _: None)
        await outbox.start()
        uplink = Uplink(door, outbox, hello, do, lambda *_: None)
        running = asyncio.create_task(uplink.run())
        await asyncio.sleep(0.3)
        before_s = time.process_time()
        chance = iter(range(10**9))
        for number in range(CALLS):
            began_s = time.monotonic()
            call = f"01J9Z3K4M5N6P7Q8R9S{number}"
            for moment in moments(call, CALL_S, lambda: (next(chance) * 0.6180339887) % 1.0):
                await asyncio.sleep(max(0.0, began_s + moment.at_s / SPEED - time.monotonic()))
                say(uplink, outbox, call, moment.said)
        await uplink.stop(10)
        used_s = time.process_time() - before_s
        await running
        await outbox.stop()
        return used_s


def say(uplink: Uplink, outbox: Outbox, call: str, said: Event | PartialMessage | StatusMessage) -> None:
    match said:
        case PartialMessage() as partial:
            # Each as a voice of its own: the limit for one voice counts real time, and this hour passes faster.
            voice = call[:-4] + f"{partial.end_sample // 100 % 10_000:04}"
            uplink.show_partial(msgspec.structs.replace(partial, call=voice))
        case StatusMessage() as status:
            uplink.show_status(status)
        case event:
            draft = Draft(call=call, occurred_at=clock.utc(), clock_synchronised=True, event=to_json(event))
            outbox.append(draft)


async def send_audio(door: Door) -> float:
    frames = [bytes((number * step) % 256 for step in range(AUDIO_FRAME_BYTES)) for number in range(50)]
    async with door.dial() as socket:
        before_s = time.process_time()
        for number in range(int(CALLS * CALL_S / AUDIO_FRAME_S)):
            await socket.send(frames[number % len(frames)])
        return time.process_time() - before_s


def hello() -> Hello:
    return Hello(device="bench", firmware="0", boot="0", last_seq=0, clock_synchronised=True)


async def do(command: Command) -> Result:
    return Result(id=command.id, ok=False)


def door_to(port: str, compression: str) -> Door:
    url = f"ws://127.0.0.1:{port}/"
    return Door(
        url,
        lambda: connect(
            url, subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None, ping_interval=None,
            compression="deflate" if compression == "deflate" else None,
        ),
        by_certificate=False,
    )  # fmt: skip


async def main(port: str, what: str, compression: str) -> None:
    door = door_to(port, compression)
    print(await (send_events(door) if what == "events" else send_audio(door)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
