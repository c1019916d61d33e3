"""What a browser, or a program, asks about the fleet.

- `GET /api/fleet`: `{"server_time", "boxes": [boxes.Box, ...]}`, by name: all of them for an administrator, those of
  their teams for a supervisor

Nothing of it was said on a telephone. Every error is `{"error": "..."}`, as in `central.web`.
"""

from aiohttp import web

from appliance.central.clock import utc_now
from appliance.central.sign_in import Door, person_of, refusal, reply
from appliance.central.watching.watch import Watch


class FleetWeb:
    """Answers about the fleet."""

    def __init__(self, watch: Watch, door: Door) -> None:
        self._watch = watch
        self._door = door

    def routes(self) -> list[web.RouteDef]:
        """Give the addresses that this class answers."""
        return [web.get("/api/fleet", self._fleet)]

    async def _fleet(self, request: web.Request) -> web.Response:
        roles = person_of(request).roles
        boxes = self._watch.boxes.all()
        if "administrator" not in roles:
            if "supervisor" not in roles:
                return refusal(403, "the state of the boxes is for administrators, and for supervisors of their teams")
            sight = await self._door.sight(request)
            boxes = [box for box in boxes if sight.sees(box.device)]
        return reply({"server_time": utc_now(), "boxes": boxes})
