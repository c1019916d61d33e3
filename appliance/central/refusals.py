"""Who knocked at the devices' door and was not let in: for the page of the fleet, since the server started."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, NamedTuple

from aiohttp import web

from appliance.central.clock import utc_now
from appliance.central.identity import RefusalReason, RefusedError
from appliance.central.sign_in import person_of, refusal, reply

MAX_KEPT: Final = 50
"""What one looks at; strangers who knock with many tokens from many addresses must not fill the memory."""


class Knock(NamedTuple):
    """Somebody at the door: `device` is empty where no credential of ours was shown."""

    remote: str
    device: str
    reason: RefusalReason


class Refusals:
    """The newest of them, each with how often and when last. `texts` say what a reason means."""

    def __init__(self, texts: Mapping[RefusalReason, str]) -> None:
        self._texts = texts
        self._kept: OrderedDict[Knock, tuple[int, str]] = OrderedDict()

    def note(self, remote: str | None, refused: RefusedError) -> None:
        """Note that somebody was refused."""
        knock = Knock(remote or "", refused.device, refused.reason)
        count, _ = self._kept.pop(knock, (0, ""))
        self._kept[knock] = (count + 1, utc_now())
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def routes(self) -> list[web.RouteDef]:
        """Give `GET /api/refusals`: `{"refusals": [{"remote", "device", "reason", "text", "count", "at"}, ...]}`."""
        return [web.get("/api/refusals", self._listed)]

    def newest(self) -> list[dict[str, str | int]]:
        """Give them as `routes` tells, the newest first."""
        return [
            {**knock._asdict(), "text": self._texts[knock.reason], "count": count, "at": at}
            for knock, (count, at) in reversed(self._kept.items())
        ]

    async def _listed(self, request: web.Request) -> web.Response:
        if "administrator" not in person_of(request).roles:
            return refusal(403, "only an administrator may read this")
        return reply({"refusals": self.newest()})
