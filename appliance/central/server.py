"""The composition root of the central server: which part gets which, and the order in which they stop."""

import asyncio
import contextlib
import sqlite3
import ssl
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, cast

from aiohttp import web
from aiohttp.typedefs import Middleware

from appliance.central import queries, store
from appliance.central.access import audit
from appliance.central.access.authority import DEVICE_LIFE
from appliance.central.access.ca import CA
from appliance.central.access.store import open_access
from appliance.central.bus import Bus
from appliance.central.credentials import Credentials
from appliance.central.database_thread import DatabaseThread
from appliance.central.desks import Desks
from appliance.central.device_door import DeviceDoor
from appliance.central.enrolment import Enrolment
from appliance.central.guard import guard, set_headers
from appliance.central.identity import Identities
from appliance.central.ingest import Ingest
from appliance.central.openid.door import OpenIdDoor
from appliance.central.openid.settings import OpenId
from appliance.central.patience import KEEP_ALIVE_S, Patience
from appliance.central.provisioning import Provisioning
from appliance.central.retention import Retention
from appliance.central.retention_settings import Keep
from appliance.central.sign_in import Door
from appliance.central.updates.web import UpdatesWeb
from appliance.central.watching import metrics
from appliance.central.watching.fleet import Fleet, Places, watching
from appliance.central.watching.watch import LOOK_EVERY_S, Watch
from appliance.central.watching.web import FleetWeb
from appliance.central.web import MAX_BODY_BYTES, Web
from appliance.central.writer import Writer
from appliance.delivery import enrolment
from appliance.delivery.policy import ServerTiming


@dataclass(frozen=True)
class Settings:
    """Where the server listens (port 0: any free one) and keeps its files. `public_names` are names of a proxy.

    `access` is the folder of who may come in. With `device_host` there is a port of its own for devices, with TLS;
    `device_life` is how long their certificates hold. What is too old is deleted as `keep` says.
    `look_every_s`: how often the fleet is judged anew. With `metrics_port` its numbers are served on the loopback.
    `address_header` is where our proxy tells who asks, such as `X-Forwarded-For`.
    """

    database: Path
    credentials: Path
    access: Path
    host: str = "127.0.0.1"
    port: int = 0
    public_names: frozenset[str] = frozenset()
    timing: ServerTiming = field(default_factory=ServerTiming)
    device_host: str | None = None
    device_port: int = 0
    device_life: timedelta = DEVICE_LIFE
    keep: Keep = field(default_factory=Keep)
    look_every_s: float = LOOK_EVERY_S
    metrics_port: int | None = None
    openid: OpenId | None = None
    address_header: str | None = None


class Ports(NamedTuple):
    """Where the server listens: for browsers (and devices behind a proxy), for devices with TLS, and for Prometheus."""

    page: int
    devices: int | None
    metrics: int | None = None


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Ports]:
    """Run the server inside `async with` and give its ports; on the way out devices get their goodbye.

    Raises `BadInputError` when a file cannot be used, `OSError` when the port is taken.
    """
    async with contextlib.AsyncExitStack() as stop:
        access = open_access(settings.access)
        stop.callback(access.close)
        identities = Identities(Credentials(settings.credentials), access)
        writer = Writer(settings.database, lambda saved: _show(bus, saved))
        stop.push_async_callback(writer.close)
        reader = _thread(stop, store.open_for_reading(settings.database), "central-reader")
        bus = Bus(await reader.ask(queries.known_devices))
        people = _thread(stop, open_access(settings.access), "central-access")
        fleet = await _watch_fleet(stop, settings, bus, people)
        ingest = Ingest(
            identities,
            bus,
            put=writer.put,
            through=lambda device: reader.ask(queries.through, device),
            on_clone=lambda device, remote: people.ask(audit.note, audit.SERVER, "device_cloned", remote, device),
            receive_health=fleet.watch.receive,
            timing=settings.timing,
        )
        door = Door(people, settings.address_header)
        pages = Web(bus, ingest, reader, writer.statistics, door)
        openid = _open_openid(stop, settings, door)
        updates = UpdatesWeb(fleet.database, settings.access, fleet.watch.boxes.all)
        parts = (ingest, ingest.refusals, pages, FleetWeb(fleet.watch, door), updates, door)
        routes = [*openid, *(route for part in parts for route in part.routes())]
        app = _application(routes, [guard(lambda: port, settings.public_names), door.check])
        port = await _listen(stop, app, settings, settings.host, settings.port)
        of_boxes = [*ingest.routes(), *updates.for_boxes()]
        devices = await _open_device_door(stop, settings, of_boxes, identities, access)
        _start_retention(stop, settings, bus)
        stop.callback(bus.close)
        stop.push_async_callback(ingest.stop)
        yield Ports(port, devices, await _open_metrics(stop, settings, fleet.watch, writer))


def _thread(stop: contextlib.AsyncExitStack, connection: sqlite3.Connection, name: str) -> DatabaseThread:
    """Give a database a thread of its own, until `stop`."""
    thread = DatabaseThread(connection, name)
    stop.callback(thread.close)
    return thread


def _application(routes: Iterable[web.RouteDef], guards: Iterable[Middleware]) -> web.Application:
    """Put together what browsers, and devices behind a proxy, talk to."""
    app = web.Application(middlewares=guards, client_max_size=MAX_BODY_BYTES)
    app.on_response_prepare.append(set_headers)
    app.add_routes(routes)
    return app


async def _watch_fleet(stop: contextlib.AsyncExitStack, settings: Settings, bus: Bus, people: DatabaseThread) -> Fleet:
    """Watch how the boxes are, until `stop`."""
    places = Places(settings.access, settings.credentials)
    return await stop.enter_async_context(watching(bus.devices, people, places, settings.look_every_s))


async def _open_metrics(
    stop: contextlib.AsyncExitStack, settings: Settings, watch: Watch, writer: Writer
) -> int | None:
    """Serve the fleet's numbers, where that is wanted, until `stop`; gives the port."""
    if settings.metrics_port is None:
        return None

    async def gather() -> metrics.Numbers:
        return metrics.Numbers(watch.boxes.all(), await watch.hooks(), writer.statistics())

    app = metrics.application(gather, guard(lambda: port, frozenset()))
    port = await _listen(stop, app, settings, metrics.LOOPBACK, settings.metrics_port)
    return port


def _open_openid(stop: contextlib.AsyncExitStack, settings: Settings, door: Door) -> list[web.RouteDef]:
    """Let people sign in by OpenID Connect, where that is wanted; gives the addresses of it."""
    if settings.openid is None:
        return []
    openid = OpenIdDoor(settings.openid, door)
    door.offer_openid(settings.openid.label, openid.sign_out_address)
    # The server starts whether or not the provider can be reached.
    stop.callback(asyncio.create_task(openid.look(), name="openid").cancel)
    return openid.routes()


def _start_retention(stop: contextlib.AsyncExitStack, settings: Settings, bus: Bus) -> None:
    """Delete what is too old, until `stop`."""
    if not settings.keep.deletes:
        return
    access = open_access(settings.access)
    stop.callback(access.close)
    calls = _thread(stop, store.open_database(settings.database), "central-retention")
    retention = Retention(calls, access, settings.keep, forget=bus.forget)
    stop.callback(asyncio.create_task(retention.run(), name="retention").cancel)


async def _open_device_door(
    stop: contextlib.AsyncExitStack,
    settings: Settings,
    routes: list[web.RouteDef],
    identities: Identities,
    access: sqlite3.Connection,
) -> int | None:
    """Let devices in by TLS, where that is wanted, until `stop`; gives the port."""
    if settings.device_host is None:
        return None
    ca = CA(settings.access, access)
    door = DeviceDoor(ca)
    enrolling = Enrolment(ca, access, identities, door.refresh, settings.device_life)
    app = web.Application(client_max_size=enrolment.MAX_BODY_BYTES)
    provisioning = Provisioning(Desks(settings.access), identities)
    app.add_routes([*routes, *enrolling.routes(), *provisioning.routes()])
    port = await _listen(stop, app, settings, settings.device_host, settings.device_port, door.tls)
    stop.callback(asyncio.create_task(door.watch(), name="device door").cancel)
    return port


async def _listen(
    stop: contextlib.AsyncExitStack,
    app: web.Application,
    settings: Settings,
    host: str,
    port: int,
    tls: ssl.SSLContext | None = None,
) -> int:
    """Let an application listen until `stop`, and give its port."""
    patience = Patience(settings.timing.request_s)
    app.middlewares.insert(0, patience.heard)
    app.middlewares.append(patience.read_body)
    shutdown_s = settings.timing.goodbye_s
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=shutdown_s, keepalive_timeout=KEEP_ALIVE_S)
    stop.push_async_callback(runner.cleanup)
    await runner.setup()
    listening = await patience.listen(cast("web.Server", runner.server), host, port, tls)
    stop.callback(listening.close)
    return int(listening.sockets[0].getsockname()[1])


def _show(bus: Bus, saved: store.Saved) -> None:
    is_watched = bus.readers() > 0
    for item in saved.new:
        envelope = item.envelope
        if not is_watched and envelope.event.get("type") != "utterance":
            continue  # nobody sees it, and the wall keeps only the last words
        bus.stored(
            item.device,
            {
                "seq": envelope.seq, "call": envelope.call, "occurred_at": envelope.occurred_at,
                "heard_at": envelope.heard_at, "shown_at": envelope.shown_at,
                "clock_synchronised": envelope.clock_synchronised, "stored_at": saved.stored_at,
                "corrected": envelope.corrected, "event": envelope.event,
            },
        )  # fmt: skip
    for call in saved.calls:
        bus.summed(call)
