"""What a browser (or the terminal demo) asks: the page, the JSON API and the live feed.

- `GET /api/devices`: `{"server_time", "devices": [bus.DeviceState, ...]}`
- `GET /api/calls?device=&before=&limit=`: `{"calls": [queries.CallSummary, ...]}`, newest first; `before` is a
  `started_at` to go on from
- `GET /api/calls/{device}/{call}`: `{"summary": CallSummary, "events": [...]}`; each event has `seq`, `call`,
  `occurred_at`, `heard_at`, `shown_at`, `clock_synchronised`, `corrected`, `stored_at` and `event`, in order of `seq`;
  `stored_at` is stamped when its transaction begins, so add the commit's time (`commit_ms` of `/api/stats`)
- `GET /api/stats`: `{"events", "devices": {name: {"events", "newest_seq"}}, "commit_ms": {"p50", "p95"}, "fault",
  "conflicts", "pages"}`; `devices` are those that one may see
- `GET /api/live`: server-sent events as `bus` describes them
- `POST /api/calls/{device}/{call}/acknowledge` and `.../snooze` with `{"alert": number}`: the alert was seen, or is put
  off for the `snooze_s` that it tells
- `POST /api/calls/{device}/{call}/context` with `{"tier": "gold", "queued_s": 320}`, either may be left out: what the
  customer's own system knows of the caller; rules may judge by it
- `POST /api/calls/{device}/{call}/pause` with `{"limit_s": 90}`, 1 to 600 or left out: nothing of the call is heard
  until `.../resume` with `{}`, or until the limit. The box's own mute is stronger, and no command ends it
- `POST /api/calls/{device}/{call}/guidance` and `supervisor`, and `POST /api/devices/{device}/identify`, `rules`,
  `config`, `update`: with the arguments that `delivery.orders` names

Whatever is posted answers `{"ok": true}` once the device has done it; 409 when it is offline, 504 when it does not
answer in time, 422 when it refuses, for instance because the call is over or the rule allows no snooze.

Every error of the API is `{"error": "..."}`. Who is asking is checked by `sign_in`: only what a supervisor's teams hold
is shown, and every look at a call is kept; `guard` keeps other web sites out.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from appliance.central import queries
from appliance.central.access.audit import Action
from appliance.central.asked import LinkLostError
from appliance.central.bus import Bus, DeviceState
from appliance.central.clock import utc_now
from appliance.central.database_thread import DatabaseThread
from appliance.central.ingest import DeviceOfflineError, Ingest
from appliance.central.openid.id_token import NAME_PREFIX
from appliance.central.sign_in import Door, person_of, refusal, reply
from appliance.delivery.orders import MAX_NAME, ORDERS
from appliance.delivery.policy import MAX_COMMAND_BYTES

HEARTBEAT_S: Final = 15.0
"""A silent connection is closed by many proxies after 30 to 60 s."""

WRITE_TIMEOUT_S: Final = 20.0
"""A browser that takes nothing for so long is gone (a closed laptop); it comes back by itself."""

MAX_PAGES: Final = 200
MAX_CALLS: Final = 500
MAX_BODY_BYTES: Final = MAX_COMMAND_BYTES // 2
"""A rule pack is the largest thing that may be posted."""

_PAGE: Final = Path(__file__).parent / "page"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_log = logging.getLogger(__name__)


OF_CALL: Final[tuple[Action, ...]] = ("acknowledge", "snooze", "context", "pause", "resume", "guidance", "supervisor")
OF_DEVICE: Final[tuple[Action, ...]] = ("identify", "rules", "config", "update")
"""The commands that may be posted, to a call and to a device."""

OF_ADMINISTRATORS: Final = frozenset({"rules", "config", "update"})
"""Those of a device that change it for good."""

_FIELDS: Final = {name: {field.name for field in msgspec.structs.fields(order)} for name, order in ORDERS.items()}


class Web:
    """Answers browsers. `writer_statistics` gives the writer's own part of `/api/stats`."""

    def __init__(
        self,
        bus: Bus,
        ingest: Ingest,
        reader: DatabaseThread,
        writer_statistics: Callable[[], dict[str, Any]],
        door: Door,
    ) -> None:
        self._door = door
        self._bus = bus
        self._ingest = ingest
        self._reader = reader
        self._writer_statistics = writer_statistics
        self._files = {path.name: path.read_bytes() for path in _PAGE.iterdir() if path.suffix in _TYPES}

    def routes(self) -> list[web.RouteDef]:
        """Give the addresses that this class answers."""
        return [
            web.get("/", self._file),
            web.get("/sign-in", self._file),
            web.get("/page/{name}", self._file),
            web.get("/api/devices", self._devices),
            web.get("/api/calls", self._calls),
            web.get("/api/calls/{device}/{call}", self._call),
            *(web.post(f"/api/calls/{{device}}/{{call}}/{name}", self._command(name)) for name in OF_CALL),
            *(web.post(f"/api/devices/{{device}}/{name}", self._command(name)) for name in OF_DEVICE),
            web.get("/api/stats", self._stats),
            web.get("/api/live", self._live),
        ]

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "sign-in.html" if request.path == "/sign-in" else "index.html")
        if name not in self._files:
            raise web.HTTPNotFound(text=f"there is no {request.path}\n")
        return web.Response(body=self._files[name], headers={hdrs.CONTENT_TYPE: _TYPES[Path(name).suffix]})

    async def _devices(self, request: web.Request) -> web.Response:
        if "supervisor" in person_of(request).roles:
            await self._door.note(request, "watch_live")  # with the newest words of each call
            devices = self._bus.devices((await self._door.sight(request)).sees)
        else:
            devices = [without_words(device) for device in self._bus.devices()]
        return reply({"server_time": utc_now(), "devices": devices})

    async def _calls(self, request: web.Request) -> web.Response:
        limit = request.query.get("limit", "50")
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= MAX_CALLS):
            return refusal(400, f"limit is a number from 1 to {MAX_CALLS}")
        device, before = request.query.get("device") or None, request.query.get("before") or None
        sight = await self._door.sight(request)
        devices = sight.devices if device is None else {device} if sight.sees(device) else set[str]()
        await self._door.note(request, "list_calls", device or "")
        return reply({"calls": await self._reader.ask(queries.calls, devices, before, int(limit))})

    async def _call(self, request: web.Request) -> web.Response:
        device, call = request.match_info["device"], request.match_info["call"]
        if not (await self._door.sight(request)).sees(device):
            await self._door.note(request, "refused", device, call, "read_call")
            return refusal(403, f"the calls of device {device} are not for you to see")
        await self._door.note(request, "read_call", device, call)
        events = await self._reader.ask(queries.call_events, device, call)
        summary = await self._reader.ask(queries.call_summary, device, call)
        if summary is None:
            return refusal(404, f"no event of call {call} on device {device} is stored")
        return reply({"summary": summary, "events": events})

    async def _stats(self, request: web.Request) -> web.Response:
        totals = await self._reader.ask(queries.totals)
        if "administrator" not in person_of(request).roles:
            sight = await self._door.sight(request)
            totals["devices"] = {name: told for name, told in totals["devices"].items() if sight.sees(name)}
        return reply(totals | self._writer_statistics() | {"pages": self._bus.readers()})

    def _command(self, name: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Give what answers a request whose body goes to the device as the arguments of this command."""

        async def answer(request: web.Request) -> web.Response:
            if request.content_type != "application/json":
                return refusal(415, "the body must be application/json")
            call = request.match_info.get("call")
            try:
                body = msgspec.json.decode(await request.read(), type=dict[str, Any])
                if strange := body.keys() - (_FIELDS[name] - {"call"}):
                    return refusal(400, f"Object contains unknown field `{min(strange)}`")
                arguments = body | ({"call": call} if call else {})
                msgspec.convert(arguments, ORDERS[name])
            except msgspec.DecodeError as error:
                return refusal(400, str(error))
            device = request.match_info["device"]
            if not await self._may_order(request, name, device):
                await self._door.note(request, "refused", device, call or "", name)
                return refusal(403, f"to {name} on device {device} is not yours to do")
            await self._door.note(request, name, device, call or "")
            if name == "supervisor":
                arguments["name"] = shown_name(person_of(request).name)  # nobody speaks in another's name
            return await self._tell(name, device, arguments)

        return answer

    async def _may_order(self, request: web.Request, name: Action, device: str) -> bool:
        roles = person_of(request).roles
        if "administrator" in roles and name in OF_DEVICE:
            return True
        if "system" in roles and name == "context":
            return True
        return name not in OF_ADMINISTRATORS and (await self._door.sight(request)).sees(device)

    async def _tell(self, name: str, device: str, arguments: dict[str, Any]) -> web.Response:
        try:
            result = await self._ingest.command(device, name, arguments)
        except (DeviceOfflineError, LinkLostError):
            return refusal(409, f"device {device} is offline")
        except TimeoutError:
            return refusal(504, f"device {device} does not answer")
        if not result.ok:
            told = {"error": result.error or "the device refuses"}
            return reply(told | ({"code": result.code} if result.code else {}), 422)
        return reply({"ok": True} | ({"details": result.details} if result.details else {}))

    async def _live(self, request: web.Request) -> web.StreamResponse:
        if "supervisor" not in person_of(request).roles:
            return refusal(403, "only a supervisor may watch calls")
        if self._bus.readers() >= MAX_PAGES:
            return refusal(503, f"{MAX_PAGES} pages are open already")
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "text/event-stream"} | _api_headers())
        await response.prepare(request)
        await self._door.note(request, "watch_live")
        with self._bus.reader((await self._door.sight(request)).sees) as reader:
            looked_s = time.monotonic()
            while not reader.closed:
                if time.monotonic() - looked_s > HEARTBEAT_S:
                    looked_s = time.monotonic()
                    if not await self._door.still_in(request):
                        break
                    reader.sees = (await self._door.sight(request)).sees
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        await reader.wait()
                    chunk = self._bus.catch_up(reader) if reader.lost else b"".join(reader.take())
                except TimeoutError:
                    chunk = self._bus.heartbeat()
                try:
                    async with asyncio.timeout(WRITE_TIMEOUT_S):
                        await response.write(chunk)
                except (TimeoutError, ConnectionError):
                    break
        return response


def shown_name(name: str) -> str:
    """Give somebody's name as an agent reads it: without what says how they signed in."""
    return name.removeprefix(NAME_PREFIX)[:MAX_NAME]


def without_words(device: DeviceState) -> DeviceState:
    """Give the state of a device for somebody who looks after machines and not after calls."""
    return msgspec.structs.replace(device, partials=[], last_words=None, newest_call=None, light=None)


def _api_headers() -> dict[str, str]:
    return {"X-Accel-Buffering": "no"}  # a proxy must not collect the live feed before it passes it on
