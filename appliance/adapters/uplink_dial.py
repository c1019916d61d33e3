"""How the device's WebSocket is opened: the library's own habits that do not suit a box are switched off here."""

import logging
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from appliance.adapters.uplink_server import Server, check, headers, tls
from appliance.delivery.policy import MAX_COMMAND_BYTES, SUBPROTOCOL, DeviceTiming
from appliance.version import VERSION

_socket_log = logging.getLogger(f"{__name__}.websocket")
_socket_log.setLevel(logging.INFO)  # at debug the library writes our token and what people say


class Door(NamedTuple):
    """The way to a server: its address, how a socket to it is opened, and whether a certificate says who we are.

    `dial` may raise `BadInputError`, and what is between us and the server raises once the socket is opened.
    """

    url: str
    dial: Callable[[], AbstractAsyncContextManager[ClientConnection]]
    by_certificate: bool


def door_of(server: Server, timing: DeviceTiming) -> Door:
    """Give the way to the configured server. Raises `BadInputError` when it cannot be used."""
    check(server)
    return Door(server.url, lambda: dial(server.url, tls(server), headers(server), timing), server.identity is not None)


def dial(url: str, tls: ssl.SSLContext | None, headers: dict[str, str], timing: DeviceTiming) -> connect:
    """Give what opens the socket in `async with`."""
    return _ConnectOnce(
        url,
        ssl=tls,
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        additional_headers=headers,
        proxy=None,
        # Measured (`undertone bench uplink`): permessage-deflate would save five sixths of 3 MB for an hour of calls,
        # and the audio of it would be 58 MB; but it would cost the server eight times the memory for each box.
        compression=None,
        open_timeout=timing.open_s,
        ping_interval=None,  # its first missed pong would be fatal; `Link` asks in messages, and is more patient
        close_timeout=timing.close_s,
        max_size=MAX_COMMAND_BYTES,
        user_agent_header=f"undertone/{VERSION}",
        logger=_socket_log,
    )


class _ConnectOnce(connect):
    """A connection that follows no redirect: our token is for the address that was configured, and for no other."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc
