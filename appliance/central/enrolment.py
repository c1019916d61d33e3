"""The HTTPS addresses for boxes beside their WebSocket: `/v1/ca`, `/v1/enrol`, `/v1/renew`, `/v1/trust`.

What is said there is told in `delivery.enrolment`.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web
from cryptography import x509

from appliance.central.access import authority, claims
from appliance.central.access.authority import RequestError
from appliance.central.access.ca import CA
from appliance.central.access.claims import ClaimError
from appliance.central.clock import utc_now
from appliance.central.identity import Identities, Identity, RefusedError, client_certificate
from appliance.central.rate import RateLimit
from appliance.central.repeats import Repeats
from appliance.central.wiped import take_report
from appliance.delivery.enrolment import Certified, EnrolRequest, Refusal, RenewRequest, Trust
from appliance.errors import BadInputError

TRIES_PER_ADDRESS: Final = 20
TRIES_IN_ALL: Final = 300
WINDOW_S: Final = 60.0
"""Refused claims in a row from one address, and tries of all: a room of new boxes behind one address enrols at once;
who guesses tokens of 128 bits gets nowhere."""

T = TypeVar("T", EnrolRequest, RenewRequest)

_log = logging.getLogger(__name__)


class Enrolment:
    """Gives boxes their certificates. `refresh_tls` is called before one is signed: its authority must be trusted."""

    def __init__(
        self,
        ca: CA,
        database: sqlite3.Connection,
        identities: Identities,
        refresh_tls: Callable[[], None],
        life: timedelta,
    ) -> None:
        self._ca = ca
        self._database = database
        self._identities = identities
        self._refresh_tls = refresh_tls
        self._life = life
        self._by_address = RateLimit(TRIES_PER_ADDRESS, WINDOW_S)
        self._in_all = RateLimit(TRIES_IN_ALL, WINDOW_S)
        self._repeats = Repeats(_log)

    def routes(self) -> list[web.RouteDef]:
        """Give the addresses that this class answers."""
        return [
            web.get("/v1/ca", self._authorities),
            web.post("/v1/enrol", self._enrol),
            web.post("/v1/renew", self._renew),
            web.get("/v1/trust", self._trust),
            web.post("/v1/wiped", self._wiped),
        ]

    async def _authorities(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._ca.bundle(), content_type="application/x-pem-file")

    async def _enrol(self, request: web.Request) -> web.Response:
        now_s = time.monotonic()
        wait_s = self._by_address.wait_s(request.remote or "", now_s) or self._in_all.wait_s("", now_s)
        if wait_s:
            refusal = Refusal("too many boxes ask at once", "rate_limited")
            return _json(refusal, 429, {"Retry-After": str(int(wait_s) + 1)})
        try:
            asked = _decoded(await request.read(), EnrolRequest)
            csr = authority.read_request(asked.csr)
            device = claims.redeem(self._database, asked.token, asked.serial, authority.key_sha256(csr))
        except ClaimError as error:
            cause = f"{request.remote} {error.reason}"
            self._repeats.warn(cause, "enrolment_refused remote=%s reason=%s", request.remote, error.reason)
            return _json(Refusal(str(error), error.reason), 403)
        except RequestError as error:
            return _json(Refusal(str(error), "bad_request"), 400)
        # Twenty new boxes behind one address are no stranger who guesses; what counts is the claims that were refused.
        self._by_address.forget(request.remote or "")
        # Whoever held this name before is another box, or this one before it was set up anew.
        self._ca.revoke(device, "enrolled anew")
        _log.warning("device_enrolled device=%s serial=%r remote=%s", device, asked.serial, request.remote)
        return self._certified(device, csr)

    async def _renew(self, request: web.Request) -> web.Response:
        try:
            identity = self._enrolled(request)
            csr = authority.read_request(_decoded(await request.read(), RenewRequest).csr)
        except RefusedError as refused:
            return refused.response()
        except RequestError as error:
            return _json(Refusal(str(error), "bad_request"), 400)
        _log.info("device_renewed device=%s", identity.device)
        return self._certified(identity.device, csr)

    async def _trust(self, request: web.Request) -> web.Response:
        try:
            identity = self._enrolled(request)
        except RefusedError as refused:
            return refused.response()
        renew = identity.device in self._ca.left_behind()
        return _json(Trust(identity.device, self._ca.bundle(), utc_now(), renew))

    async def _wiped(self, request: web.Request) -> web.Response:
        """Keep a box's word that it was wiped, and shut it out: nobody has its key any more."""
        try:
            identity = self._enrolled(request)
            report = take_report(self._ca, await request.read(), request.remote or "")
        except RefusedError as refused:
            return refused.response()
        except BadInputError as error:
            return _json(Refusal(str(error), "bad_request"), 400)
        _log.warning("device_wiped device=%s by=%s files=%d", report.device, identity.device, report.files)
        return _json({"device": report.device})

    def _enrolled(self, request: web.Request) -> Identity:
        if client_certificate(request) is None:
            raise RefusedError("no_credential")
        return self._identities.of(request)

    def _certified(self, device: str, csr: x509.CertificateSigningRequest) -> web.Response:
        self._refresh_tls()
        certificate = self._ca.issue_device(device, csr, self._life)
        return _json(Certified(device, certificate, self._ca.bundle()))


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestError(str(error)) from error


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:  # noqa: ANN401 - a struct
    body = msgspec.json.encode(content)
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)
