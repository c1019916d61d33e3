"""How long a stranger may take: for the handshake, for a whole request, for its body.

The HTTP library waits for ever for a first request, so that somebody who opens connections and says half a word on each
would use up every file that this process may open. What came to a request in time is no longer watched here: a device's
link has its own limits (`link`), and an idle connection ends after `KEEP_ALIVE_S`.
"""

import asyncio
import logging
import ssl
from collections import OrderedDict
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from appliance.central.repeats import Repeats

HANDSHAKE_S: Final = 10.0
"""TLS: two round trips over a very bad network."""

KEEP_ALIVE_S: Final = 75.0
"""A proxy keeps its connections for a minute; it should be the one that ends them."""

MAX_OPENING: Final = 512
"""Connections that have not said a whole request yet. Thousands of boxes that come back at once take milliseconds each;
when there are more, the one that has taken longest is cut."""

_log = logging.getLogger(__name__)


class Patience:
    """Watches the new connections of one port, each of which may take `request_s` for its first header and for a body.

    `heard` is to be the outermost middleware of the port's application, `read_body` the innermost.
    """

    def __init__(self, request_s: float) -> None:
        self._request_s = request_s
        self._opening: OrderedDict[asyncio.Protocol, asyncio.TimerHandle] = OrderedDict()
        self._repeats = Repeats(_log)

    async def listen(self, server: web.Server, host: str, port: int, tls: ssl.SSLContext | None) -> asyncio.Server:
        """Listen, and hand every connection to `server`. Raises `OSError` when the port is taken."""
        loop = asyncio.get_running_loop()

        def accept() -> asyncio.Protocol:
            protocol = server()
            self._opening[protocol] = loop.call_later(self._request_s, self._cut, protocol)
            if len(self._opening) > MAX_OPENING:
                self._cut(next(iter(self._opening)))
            return protocol

        handshake_s = HANDSHAKE_S if tls else None
        return await loop.create_server(
            accept, host, port, ssl=tls, ssl_handshake_timeout=handshake_s, backlog=128, reuse_address=True
        )

    @web.middleware
    async def heard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Take that a whole request has come."""
        timer = self._opening.pop(request.protocol, None)
        if timer is not None:
            timer.cancel()
        return await handler(request)

    @web.middleware
    async def read_body(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Read the body, which handlers find read; one that does not come in time is answered with 408."""
        if request.can_read_body:
            try:
                async with asyncio.timeout(self._request_s):
                    await request.read()
            except TimeoutError:
                raise web.HTTPRequestTimeout(text="the body did not come in time\n") from None
        return await handler(request)

    def _cut(self, protocol: asyncio.Protocol) -> None:
        """End a connection that is still opening; one that has ended by itself is only forgotten."""
        self._opening.pop(protocol).cancel()
        transport = getattr(protocol, "transport", None)
        if transport is None:
            return
        peer = transport.get_extra_info("peername")
        remote = peer[0] if peer else ""
        transport.abort()
        self._repeats.warn(remote, "connection_cut remote=%s reason=no_request", remote)
