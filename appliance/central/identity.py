"""Who is at the devices' door: told by the credential alone, a client certificate or a bearer token.

A certificate is looked up by its serial number: what we did not sign ourselves, or took back, is refused, whatever TLS
thinks of it. Nothing that a device says of itself changes who it is.
"""

import sqlite3
from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec
from aiohttp import web
from cryptography import x509

from appliance.central.access import authority
from appliance.central.access.use import note_use
from appliance.central.clock import utc_now
from appliance.central.credentials import Credentials

RefusalReason = Literal["no_credential", "unknown_token", "unknown_certificate", "revoked", "expired"]

TEXTS: dict[RefusalReason, str] = {
    "no_credential": "neither a certificate nor a token was shown",
    "unknown_token": "unknown token",
    "unknown_certificate": "this server did not issue this certificate",
    "revoked": "this certificate was revoked",
    "expired": "this certificate has expired",
}


class Identity(NamedTuple):
    """A device that may come in. `still_allowed` tells why it no longer may, None while it may."""

    device: str
    still_allowed: Callable[[], RefusalReason | None]


class RefusedError(Exception):
    """Nobody who may come in. `device` is who it is nevertheless, where a certificate of ours was shown."""

    def __init__(self, reason: RefusalReason, device: str = "") -> None:
        self.reason = reason
        self.device = device
        super().__init__(TEXTS[reason])

    def response(self) -> web.Response:
        """Give the answer: 401 without a usable credential, 403 for one that is refused, with the reason as JSON."""
        status = 401 if self.reason in {"no_credential", "unknown_token"} else 403
        body = msgspec.json.encode({"error": str(self), "reason": self.reason})
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return web.Response(body=body, status=status, content_type="application/json", headers=headers)


class Identities:
    """Everybody who may come in by the devices' door."""

    def __init__(self, credentials: Credentials, access: sqlite3.Connection) -> None:
        self._credentials = credentials
        self._access = access

    def of(self, request: web.Request) -> Identity:
        """Give who asks. Raises `RefusedError`."""
        certificate = client_certificate(request)
        if certificate is not None:
            return self._of_certificate(certificate)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        device = self._credentials.device_of(token)
        if device is None:
            raise RefusedError("unknown_token" if token else "no_credential")
        known = device
        return Identity(known, lambda: None if self._credentials.device_of(token) == known else "revoked")

    def _of_certificate(self, certificate: x509.Certificate) -> Identity:
        serial, device = authority.serial_of(certificate), authority.device_of(certificate)
        if device is None:
            raise RefusedError("unknown_certificate")
        if reason := self._why_not(serial, device, or_newer=False):
            raise RefusedError(reason, device)
        note_use(self._access, device, serial)
        # On a link that stays up for weeks, a newer certificate of the device stands in for one that has expired.
        return Identity(device, lambda: self._why_not(serial, device, or_newer=True))

    def _why_not(self, serial: str, device: str, *, or_newer: bool) -> RefusalReason | None:
        """Tell why a certificate is not good, or no longer."""
        row = self._access.execute(
            "SELECT revoked_at FROM certificates WHERE serial=? AND device=?", (serial, device)
        ).fetchone()
        if row is None:
            return "unknown_certificate"
        if row[0] is not None:
            return "revoked"
        good = self._access.execute(
            "SELECT max(expires_at) FROM certificates JOIN authorities USING (authority)"
            " WHERE device=? AND revoked_at IS NULL AND state='trusted' AND (serial=? OR ?)",
            (device, serial, or_newer),
        ).fetchone()[0]
        if good is None:
            return "unknown_certificate"
        return "expired" if good < utc_now() else None


def client_certificate(request: web.Request) -> x509.Certificate | None:
    """Give the certificate that the other side of this connection holds the key of, None when it showed none."""
    tls = request.transport.get_extra_info("ssl_object") if request.transport else None
    encoded = tls.getpeercert(binary_form=True) if tls else None
    return x509.load_der_x509_certificate(encoded) if encoded else None
