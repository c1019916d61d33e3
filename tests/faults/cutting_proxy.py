"""A line between device and server that breaks again and again."""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PIECE_BYTES = 1024
PAUSE_S = 0.01
"""A slow line: acknowledgements come back while events are still on their way."""


@dataclass
class CuttingProxy:
    """Passes bytes on, and cuts each connection after a random number of them, in either direction.

    What had reached the proxy before the cut may never arrive, so events are lost as well as acknowledgements. With
    `cutting` False nothing is cut any more.
    """

    target_port: int
    chance: random.Random
    cutting: bool = True
    port: int = 0
    cuts: int = 0

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            to_client.transport.abort()
            return
        ways = [
            asyncio.create_task(self._pass(client, to_server, self.chance.randrange(300, 20_000))),
            asyncio.create_task(self._pass(server, to_client, self.chance.randrange(200, 3_000))),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        to_server.transport.abort()
        to_client.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, budget_bytes: int) -> None:
        while data := await source.read(PIECE_BYTES):
            if self.cutting and len(data) > budget_bytes:
                self.cuts += 1
                if self.chance.random() < 0.5:
                    sink.write(data[:budget_bytes])
                    await sink.drain()
                return
            budget_bytes -= len(data)
            sink.write(data)
            await sink.drain()
            await asyncio.sleep(PAUSE_S)


@contextmanager
def cutting_proxy(target_port: int, seed: int) -> Iterator[CuttingProxy]:
    """Run the proxy in a thread of its own."""
    proxy = CuttingProxy(target_port, random.Random(seed))
    listening, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
            proxy.port = server.sockets[0].getsockname()[1]
            listening.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    listening.wait()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
