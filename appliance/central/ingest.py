"""The door for devices: `GET /v1/device`, upgraded to a WebSocket with the sub-protocol `undertone.v1`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from appliance.central.asked import LinkLostError
from appliance.central.bus import Bus
from appliance.central.clock import utc_now
from appliance.central.clones import Clones
from appliance.central.identity import TEXTS, Identities, RefusedError
from appliance.central.link import DeviceLink, ProtocolError, WrongDeviceError
from appliance.central.refusals import Refusals
from appliance.central.repeats import Repeats
from appliance.central.store import Arrival, Contact
from appliance.delivery.health import HealthMessage
from appliance.delivery.messages import Bye, Hello, Result
from appliance.delivery.policy import (
    MAX_MESSAGE_BYTES,
    RETRY_AFTER_REPLACED_S,
    RETURNS_PER_S,
    SUBPROTOCOL,
    ServerTiming,
)

HARD_LIMIT_BYTES: Final = 2 * MAX_MESSAGE_BYTES
"""Up to here a message that is too large is read, so that the device can be told; beyond, the link is just cut."""

_MAX_LOGGED_CHARACTERS: Final = 200

_log = logging.getLogger(__name__)


class DeviceOfflineError(Exception):
    """The device has no link now."""


class Ingest:
    """All links to devices, at most one for each.

    `put` queues an item for the store, `through` asks the store up to which number everything of a device is
    stored. `on_clone` hears of a device, and of the address, where an identity was found to be used twice;
    `receive_health` takes what a device tells of itself.
    """

    def __init__(
        self,
        identities: Identities,
        bus: Bus,
        *,
        put: Callable[[Arrival | Contact], None],
        through: Callable[[str], Awaitable[int]],
        on_clone: Callable[[str, str], Awaitable[None]],
        receive_health: Callable[[str, HealthMessage], None],
        timing: ServerTiming,
    ) -> None:
        self._identities = identities
        self._bus = bus
        self._put = put
        self._through = through
        self._on_clone = on_clone
        self._receive_health = receive_health
        self._timing = timing
        self._links: dict[str, DeviceLink] = {}
        self._clones = Clones()
        self._repeats = Repeats(_log)
        self.refusals = Refusals(TEXTS)
        self._farewells: set[asyncio.Task[None]] = set()
        self._stopping = False

    def routes(self) -> list[web.RouteDef]:
        """Give the address that devices come to."""
        return [web.get("/v1/device", self.handle)]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one device from the upgrade to the end of its link."""
        if hdrs.ORIGIN in request.headers:
            # Browsers name the page that opens a WebSocket, and open one anywhere: none of them is a device.
            raise web.HTTPForbidden(text="a web page is no device\n")
        try:
            identity = self._identities.of(request)
        except RefusedError as refused:
            self.refusals.note(request.remote, refused)
            cause = f"{request.remote} {refused.reason}"
            self._repeats.warn(cause, "device_refused remote=%s reason=%s", request.remote, refused.reason)
            return refused.response()
        offered = request.headers.get("Sec-WebSocket-Protocol", "").replace(" ", "")
        if SUBPROTOCOL not in offered.split(","):
            said = f"offered: {offered[:_MAX_LOGGED_CHARACTERS]!r}" if offered else "none was offered"
            raise web.HTTPBadRequest(text=f"this server speaks the WebSocket sub-protocol {SUBPROTOCOL}; {said}\n")
        if self._stopping:
            raise web.HTTPServiceUnavailable(text="the server is stopping\n")
        # Measured (`undertone bench uplink`): compression would hold 100 KiB more for each device and cost more CPU for
        # each message, to save the network five sixths of 6 kbit/s.
        socket = web.WebSocketResponse(protocols=[SUBPROTOCOL], max_msg_size=HARD_LIMIT_BYTES, compress=False)
        try:
            await socket.prepare(request)
        except ConnectionError:
            return socket  # it has gone already; nobody is there to be told
        link = DeviceLink(
            socket,
            identity.device,
            put=self._put,
            still_allowed=lambda: identity.still_allowed() is None,
            bus=self._bus,
            receive_health=self._receive_health,
            timing=msgspec.structs.replace(self._timing, return_within_s=self._return_within_s()),
        )
        await self._talk(link, request.remote or "")
        return socket

    def _return_within_s(self) -> float:
        wanted_s = self._timing.return_within_s
        return self._bus.known() / RETURNS_PER_S if wanted_s is None else wanted_s

    async def command(self, device: str, name: str, arguments: dict[str, Any]) -> Result:
        """Have a device do something. Raises `DeviceOfflineError`, `TimeoutError` or `LinkLostError`."""
        link = self._links.get(device)
        if link is None:
            raise DeviceOfflineError
        return await link.command(name, arguments)

    async def stop(self) -> None:
        """Commit and acknowledge what has arrived, and say goodbye to every device."""
        self._stopping = True
        await asyncio.gather(*(self._release(link) for link in list(self._links.values())), *self._farewells)

    async def _release(self, link: DeviceLink) -> None:
        await link.settle()
        await link.say_goodbye(Bye(reason="stopping", text="the server is stopping"))

    async def _talk(self, link: DeviceLink, remote: str) -> None:
        try:
            hello = await link.read_hello()
            self._replace(link)
            await self._serve(link, hello, remote)
        except ProtocolError as error:
            cause = f"{link.device} protocol_error"
            self._repeats.warn(cause, "protocol_error device=%s error=%r", link.device, str(error))
            await link.say_goodbye(Bye(reason="protocol_error", text=str(error)))
        except WrongDeviceError as error:
            self._repeats.warn(f"{link.device} name", "device_refused device=%s reason=other_name", link.device)
            await link.say_goodbye(Bye(reason="unauthorized", text=str(error)))
        except (ConnectionError, LinkLostError) as error:
            _log.info("device_lost device=%s error=%r", link.device, str(error))
        finally:
            if self._links.get(link.device) is link:
                del self._links[link.device]
                self._bus.disconnected(link.device)
                self._put(Contact(link.device, utc_now()))
                _log.info("device_disconnected device=%s", link.device)

    def _replace(self, link: DeviceLink) -> None:
        older = self._links.get(link.device)
        self._links[link.device] = link
        if older is not None:
            self._repeats.warn(f"{link.device} replaced", "device_replaced device=%s", link.device)
            bye = Bye(reason="replaced", text="a newer connection", retry_after_s=RETRY_AFTER_REPLACED_S)
            # Usually the older link is dead already, and the new one must not wait until that is certain.
            farewell = asyncio.create_task(older.say_goodbye(bye))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)

    async def _serve(self, link: DeviceLink, hello: Hello, remote: str) -> None:
        self._put(Contact(link.device, utc_now(), hello))
        self._bus.connected(link.device, hello)
        if self._clones.receive(link.device, hello.boot):
            boot = hello.boot[:_MAX_LOGGED_CHARACTERS]
            _log.warning("device_cloned device=%s remote=%s boot=%r", link.device, remote, boot)
            self._bus.cloned(link.device)
            await self._on_clone(link.device, remote)
        resume_after = await self._through(link.device)
        _log.info("device_connected device=%s resume_after=%d last_seq=%d", link.device, resume_after, hello.last_seq)
        if hello.last_seq < resume_after:
            # Its outbox is younger than ours: the box was set up anew and must count on from resume_after.
            cause = f"{link.device} outbox"
            self._repeats.warn(cause, "device_outbox_lost device=%s last_seq=%d", link.device, hello.last_seq)
        await link.serve(resume_after)
