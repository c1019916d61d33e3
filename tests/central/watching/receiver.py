"""A receiver of web hooks, over real HTTP, that can be told how to answer."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Receiver:
    """What came, in order, and which answers are still to be given before all is well."""

    url: str = ""
    bodies: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.text())
        self.headers.append(dict(request.headers))
        status = self.answers.pop(0) if self.answers else 204
        return web.Response(status=status, headers={"Location": self.url} if status == 302 else None)

    @property
    def news(self) -> list[dict[str, Any]]:
        return [each for body in self.bodies for each in json.loads(body)["news"]]


@contextlib.asynccontextmanager
async def receiving(*answers: int) -> AsyncIterator[Receiver]:
    receiver = Receiver(answers=list(answers))
    app = web.Application()
    app.add_routes([web.post("/{tail:.*}", receiver.take)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/alerts"
    try:
        yield receiver
    finally:
        await runner.cleanup()
