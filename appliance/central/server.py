"""The composition root of the central server: which part gets which, and the order in which they stop."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from appliance.central import queries, store
from appliance.central.bus import Bus
from appliance.central.credentials import Credentials
from appliance.central.ingest import Ingest
from appliance.central.link import Timing
from appliance.central.reader import StoreReader
from appliance.central.web import MAX_BODY_BYTES, Web, guard, set_headers
from appliance.central.writer import Writer


@dataclass(frozen=True)
class Settings:
    """Where the server listens (port 0: any free one) and keeps its files. `public_names` are names of a proxy."""

    database: Path
    credentials: Path
    host: str = "127.0.0.1"
    port: int = 0
    public_names: frozenset[str] = frozenset()
    timing: Timing = field(default_factory=Timing)


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[int]:
    """Run the server inside `async with` and give its port; on the way out devices get their goodbye.

    Raises `BadInputError` when a file cannot be used, `OSError` when the port is taken.
    """
    async with contextlib.AsyncExitStack() as stop:
        credentials = Credentials(settings.credentials)
        writer = Writer(settings.database, lambda saved: _show(bus, saved))
        stop.push_async_callback(writer.close)
        reader = StoreReader(settings.database)
        stop.callback(reader.close)
        bus = Bus(await reader.ask(queries.known_devices))

        async def newest_seq(device: str) -> int:
            return await reader.ask(queries.newest_seq, device)

        ingest = Ingest(credentials, bus, put=writer.put, newest_seq=newest_seq, timing=settings.timing)
        pages = Web(bus, ingest, reader, writer.statistics)
        app = web.Application(middlewares=[guard(lambda: port, settings.public_names)], client_max_size=MAX_BODY_BYTES)
        app.on_response_prepare.append(set_headers)
        app.add_routes([web.get("/v1/device", ingest.handle), *pages.routes()])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=settings.timing.goodbye_s)
        stop.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.port).start()
        port = int(runner.addresses[0][1])
        stop.callback(bus.close)
        stop.push_async_callback(ingest.stop)
        yield port


def _show(bus: Bus, saved: store.Saved) -> None:
    for item in saved.new:
        envelope = item.envelope
        bus.stored(
            item.device,
            {
                "seq": envelope.seq, "call": envelope.call, "occurred_at": envelope.occurred_at,
                "heard_at": envelope.heard_at, "shown_at": envelope.shown_at,
                "clock_synchronised": envelope.clock_synchronised, "stored_at": saved.stored_at,
                "event": envelope.event,
            },
        )  # fmt: skip
    for call in saved.calls:
        bus.summed(call)
