"""Where boxes look for releases, and how far the newest one is.

- `GET /v1/updates/{device}/release.json`: the signed offer that this box is to take; 204 when there is none for it yet
- `GET /v1/updates/{device}/{file}`: the archive beside it, also from the middle on (RFC 9110, 14)
- `GET /api/rollouts`: `{"rollouts": [...]}` for administrators, the newest first

Nobody is asked who they are at the first two: an offer is signed, and holds nothing that is secret. Who calls itself by
another box's name learns which version that box may take, and can do no more.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from appliance.central.database_thread import DatabaseThread
from appliance.central.sign_in import person_of, refusal, reply
from appliance.central.updates import rollouts
from appliance.central.updates.status import Status, statuses
from appliance.central.watching.boxes import Box


class UpdatesWeb:
    """Answers boxes that look for a release. `boxes` gives the fleet as it is now."""

    def __init__(self, database: DatabaseThread, folder: Path, boxes: Callable[[], list[Box]]) -> None:
        self._database = database
        self._folder = folder / rollouts.FOLDER
        self._boxes = boxes

    def for_boxes(self) -> list[web.RouteDef]:
        """Give the addresses that boxes ask, on either port."""
        return [web.get("/v1/updates/{device}/{file}", self._file)]

    def routes(self) -> list[web.RouteDef]:
        """Give the addresses that this class answers on the port of the page."""
        return [*self.for_boxes(), web.get("/api/rollouts", self._rollouts)]

    async def _file(self, request: web.Request) -> web.StreamResponse:
        device, name = request.match_info["device"], request.match_info["file"]
        fleet = rollouts.seen_boxes(self._boxes(), datetime.now(UTC))
        if device not in fleet:
            raise web.HTTPNotFound(text="no such box\n")
        number = await self._database.ask(rollouts.offered, device, fleet)
        if number is None:
            return web.Response(status=204)
        file = self._folder / str(number) / name
        # What has a folder in its name is no file of ours, and neither is a draft.
        if Path(name).name != name or name.startswith(".") or not file.is_file():
            raise web.HTTPNotFound(text="no such file\n")
        return web.FileResponse(file, headers={"Content-Type": "application/octet-stream"})

    async def _rollouts(self, request: web.Request) -> web.Response:
        if "administrator" not in person_of(request).roles:
            return refusal(403, "releases are for administrators")
        return reply({"rollouts": await self.statuses()})

    async def statuses(self) -> list[Status]:
        """Give how far each release is, the newest first."""
        fleet = rollouts.seen_boxes(self._boxes(), datetime.now(UTC))
        return statuses(await self._database.ask(rollouts.rollouts), fleet)
