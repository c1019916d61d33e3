"""The box's side of enrolment and renewal: what is said is told in `delivery.enrolment`."""

import http.client
import ssl
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from appliance.adapters import identity, key_program
from appliance.adapters.link_faults import ADDRESS_MEND, diagnosis_of
from appliance.adapters.uplink_server import Server, tls
from appliance.delivery.enrolment import (
    MAX_PROVISION_BYTES,
    Certified,
    Claim,
    EnrolRequest,
    Provision,
    Refusal,
    RenewRequest,
    Trust,
    fingerprint,
)
from appliance.errors import BadInputError
from appliance.version import VERSION

TIMEOUT_S: Final = 15.0
"""A server under the load of a whole office that enrols, over a bad line."""

MAX_ANSWER_BYTES: Final = 65_536

SERIAL_FILES: Final = (Path("/sys/firmware/devicetree/base/serial-number"), Path("/sys/class/dmi/id/product_serial"))
"""A Pi's serial number from its device tree; a PC's, which only root may read."""

_MENDS: Final = {
    "claim_unknown": "make a new claim: undertone central claim new --serial SERIAL",
    "claim_used": "make a new claim for this box; if nobody here used the old one, find out who did",
    "claim_expired": "make a new claim: undertone central claim new --serial SERIAL",
    "wrong_serial": "make a claim for the serial number that `undertone enrol --show-serial` tells",
    "rate_limited": "try again in a minute",
    "revoked": "make a claim for this box and enrol it anew",
}

T = TypeVar("T", Certified, Provision, Trust)


class ClaimUsedError(BadInputError):
    """The claim was used already, by another key than this box sends now."""


class NotOfferedError(BadInputError):
    """The server has no such address: an older one, or one of somebody else's making."""


class Site(NamedTuple):
    """Where a server is, without a path."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Give its address for the settings."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"wss://{host}:{self.port}/v1/device"


def read_site(url: str) -> Site:
    """Read `https://HOST[:PORT]` or the `wss://` address of the settings. Raises `BadInputError`."""
    mend = "give the address as https://HOST:PORT"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadInputError(f"this is not an address: {error}", where=url, mend=mend) from error
    if parts.scheme not in {"https", "wss"} or not host or parts.username or parts.password:
        raise BadInputError("this is not the address of a central server", where=url, mend=mend)
    return Site(host, port or 443)


def serial_number() -> str | None:
    """Give this box's hardware serial number, where it can be read."""
    for file in SERIAL_FILES:
        try:
            if text := file.read_text("ascii", "replace").strip("\0 \n"):
                return text
        except OSError:
            continue
    return None


def enrol(site: Site, claim: Claim, serial: str, folder: Path, program: Path | None = None) -> str:
    """Get this box's first certificate into its identity's folder, and give its name. Raises `BadInputError`.

    `program` makes the key and keeps it (`key_program`), now and when the certificate is renewed.
    Cut off at any point it can be done again with the same claim: the key that was sent is kept until then.
    """
    authorities = _pinned(site, claim)
    asked = EnrolRequest(claim.token, serial, identity.pending_request(folder, program))
    context = ssl.create_default_context(cadata=authorities)
    certified = _decoded(_ask(site, "POST", "/v1/enrol", context, asked), Certified)
    identity.keep(folder, certified, program)
    return certified.device


def learn(server: Server, folder: Path) -> Trust:
    """Ask the server whom to trust, and keep it. Raises `BadInputError`."""
    told = _decoded(_ask(read_site(server.url), "GET", "/v1/trust", tls(server)), Trust)
    identity.trust(folder, told.authorities)
    return told


def renew(server: Server, folder: Path) -> None:
    """Get the next certificate, for a new key. Raises `BadInputError`."""
    program = key_program.chosen(folder)
    request = RenewRequest(identity.pending_request(folder, program))
    certified = _decoded(_ask(read_site(server.url), "POST", "/v1/renew", tls(server), request), Certified)
    identity.keep(folder, certified, program)


def provision(server: Server) -> Provision:
    """Ask the server for what this box's desk needs. Raises `BadInputError`."""
    content = _ask(read_site(server.url), "GET", "/v1/provision", tls(server), limit=MAX_PROVISION_BYTES)
    return _decoded(content, Provision)


def report_wiped(server: Server, signed: bytes) -> None:
    """Tell the server that this box was wiped. Raises `BadInputError`."""
    _ask(read_site(server.url), "POST", "/v1/wiped", tls(server), msgspec.Raw(signed))


def _pinned(site: Site, claim: Claim) -> str:
    """Give the authority that the claim names, asked of a server that nobody has vouched for yet."""
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    nobody.check_hostname = False
    nobody.verify_mode = ssl.CERT_NONE  # nothing secret is said, and what is heard counts by its fingerprint alone
    try:
        found = x509.load_pem_x509_certificates(_ask(site, "GET", "/v1/ca", nobody))
    except ValueError as error:
        raise BadInputError("what answers there is no central server", where=site.url, mend=ADDRESS_MEND) from error
    for certificate in found:
        if fingerprint(certificate.public_bytes(serialization.Encoding.DER)) == claim.fingerprint:
            return certificate.public_bytes(serialization.Encoding.PEM).decode()
    raise BadInputError(
        "the server there is not the one that made this claim, so nothing was told to it",
        where=site.url,
        mend="check the address; if it is right, somebody in between answers for it: tell your administrator",
    )


def _ask(
    site: Site,
    method: str,
    path: str,
    context: ssl.SSLContext | None,
    body: Any = None,  # noqa: ANN401 - a struct
    *,
    limit: int = MAX_ANSWER_BYTES,
) -> bytes:
    connection = http.client.HTTPSConnection(site.host, site.port, timeout=TIMEOUT_S, context=context)
    headers = {"User-Agent": f"undertone/{VERSION}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, None if body is None else msgspec.json.encode(body), headers)
        answer = connection.getresponse()
        content = answer.read(limit)
    except (OSError, http.client.HTTPException) as error:
        found = diagnosis_of(error)
        text = found.text if found else f"the server cannot be reached: {error}"
        mend = found.mend if found else "check the address and the network"
        raise BadInputError(text, where=site.url, mend=mend) from error
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise _refused(site, answer.status, content)
    return content


def _refused(site: Site, status: int, content: bytes) -> BadInputError:
    try:
        said = msgspec.json.decode(content, type=Refusal)
    except (msgspec.DecodeError, RecursionError):
        other = NotOfferedError if status == http.HTTPStatus.NOT_FOUND else BadInputError
        return other(f"there is no central server (HTTP {status})", where=site.url, mend=ADDRESS_MEND)
    kind = ClaimUsedError if said.reason == "claim_used" else BadInputError
    return kind(said.error, where=site.url, mend=_MENDS.get(said.reason, "look at the server's log"))


def _decoded(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInputError(
            f"the server's answer cannot be read: {error}", mend="update the box or the server"
        ) from error
