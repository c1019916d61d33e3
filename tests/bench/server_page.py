"""A supervisor's page as a program: reads the live feed and tells how old events are when they arrive.

`python -m tests.bench.server_page ADDRESS COOKIE` reads until it is told to stop on stdin, then prints a `Watched`.
The age counts from the event's `occurred_at`, which the load writes into it just before it is sent.
"""

import asyncio
import sys
import time
from datetime import datetime

import aiohttp
import msgspec


class Watched(msgspec.Struct, kw_only=True):
    """What a page has seen: events, their age in milliseconds, and how often it fell behind and began anew."""

    events: int
    p50_ms: float
    p95_ms: float
    snapshots: int


class _Event(msgspec.Struct):
    occurred_at: str


_decoder = msgspec.json.Decoder(_Event)


async def watch(address: str, cookie: str) -> Watched:
    ages_ms: list[float] = []
    snapshots = 0
    stopping = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=timeout, read_bufsize=2**24) as session,
        session.get(f"http://{address}/api/live", headers={"Cookie": cookie}) as feed,
    ):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        is_event = False
        while not stopping.done():
            reading = asyncio.create_task(feed.content.readline())
            await asyncio.wait([reading, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                break
            line = reading.result()
            if line.startswith(b"event: "):
                is_event = line == b"event: event\n"
                snapshots += line == b"event: snapshot\n"
            elif is_event and line.startswith(b"data: "):
                made_at = datetime.fromisoformat(_decoder.decode(line[6:]).occurred_at)
                ages_ms.append((time.time() - made_at.timestamp()) * 1000)
    ages_ms.sort()
    at = [ages_ms[int(len(ages_ms) * share)] if ages_ms else 0.0 for share in (0.5, 0.95)]
    return Watched(events=len(ages_ms), p50_ms=round(at[0], 1), p95_ms=round(at[1], 1), snapshots=snapshots)


if __name__ == "__main__":
    watched = asyncio.run(watch(*sys.argv[1:]))
    sys.stdout.write(msgspec.json.encode(watched).decode() + "\n")
