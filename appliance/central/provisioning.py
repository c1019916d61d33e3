"""The HTTPS addresses that a claimed box asks for all that it needs: `/v1/provision`, `/v1/models/NAME`.

What is said there is told in `delivery.enrolment`. Each box is given its own desk's things, by its certificate.
"""

import logging
from typing import Final

import msgspec
from aiohttp import web

from appliance.central.desks import Desks
from appliance.central.identity import Identities, Identity, RefusedError, client_certificate
from appliance.delivery.enrolment import Provision, Refusal

MODEL_TYPE: Final = "application/octet-stream"

_log = logging.getLogger(__name__)


class Provisioning:
    """Gives claimed boxes what they need."""

    def __init__(self, desks: Desks, identities: Identities) -> None:
        self._desks = desks
        self._identities = identities

    def routes(self) -> list[web.RouteDef]:
        """Give the addresses that this class answers."""
        return [web.get("/v1/provision", self._provision), web.get("/v1/models/{name}", self._model)]

    async def _provision(self, request: web.Request) -> web.Response:
        try:
            device = self._enrolled(request).device
        except RefusedError as refused:
            return refused.response()
        given = Provision(
            device=device,
            settings=self._desks.settings(device),
            rules=self._desks.rules(device),
            models=tuple(self._desks.models()),
        )
        _log.info("device_provisioned device=%s settings=%s rules=%s", device, bool(given.settings), bool(given.rules))
        return web.Response(body=msgspec.json.encode(given), content_type="application/json")

    async def _model(self, request: web.Request) -> web.StreamResponse:
        try:
            self._enrolled(request)
        except RefusedError as refused:
            return refused.response()
        file = self._desks.model(request.match_info["name"])
        if file is None:
            body = msgspec.json.encode(Refusal("no such model here", "no_such_model"))
            return web.Response(body=body, status=404, content_type="application/json")
        return web.FileResponse(file, headers={"Content-Type": MODEL_TYPE})

    def _enrolled(self, request: web.Request) -> Identity:
        if client_certificate(request) is None:
            raise RefusedError("no_credential")
        return self._identities.of(request)
