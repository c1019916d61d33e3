"""The central server's WebSocket library with and without permessage-deflate: prints its port.

`python -m tests.bench.deflate_server deflate|none`. It answers each message with an acknowledgement.
"""

import asyncio
import sys

from aiohttp import web

from appliance.delivery.messages import Ack, encode
from appliance.delivery.policy import SUBPROTOCOL


async def main(compression: str) -> None:
    async def talk(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=[SUBPROTOCOL], compress=compression == "deflate")
        await socket.prepare(request)
        async for _ in socket:
            await socket.send_str(encode(Ack(seq=1)))
        return socket

    app = web.Application()
    app.add_routes([web.get("/", talk)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
