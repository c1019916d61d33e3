"""A server that takes what a box sends, acknowledges it and counts the bytes; prints its port, and then a `Taken`.

`python -m tests.bench.uplink_sink deflate|none`; a line on stdin ends it. Whatever is binary is audio.
"""

import asyncio
import contextlib
import sys
from typing import Final

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from appliance.delivery.messages import Ack, EventMessage, Hello, Welcome, decode_from_device, encode
from appliance.delivery.policy import SUBPROTOCOL


class Taken(msgspec.Struct):
    """What came in: bytes on the wire, and messages."""

    wire_bytes: int = 0
    messages: int = 0


taken: Final = Taken()


class Counting(ServerConnection):
    """A connection that counts what comes in, as it comes from the network."""

    def data_received(self, data: bytes) -> None:
        taken.wire_bytes += len(data)
        super().data_received(data)


async def take(socket: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for text in socket:
            taken.messages += 1
            if isinstance(text, bytes):
                continue
            match decode_from_device(text):
                case Hello():
                    await socket.send(encode(Welcome(resume_after=0, server_time="2026-01-01T00:00:00.000Z")))
                case EventMessage(envelope=envelope):
                    await socket.send(encode(Ack(seq=envelope.seq)))
                case _:
                    pass


async def main(compression: str) -> None:
    async with serve(
        take, "127.0.0.1", 0, subprotocols=[Subprotocol(SUBPROTOCOL)], create_connection=Counting,
        compression="deflate" if compression == "deflate" else None,
    ) as server:  # fmt: skip
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.readline)
    print(msgspec.json.encode(taken).decode(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
