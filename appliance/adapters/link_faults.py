"""What an error on the way to the central server means for people: a fault that the light shows, and its mend.

An outage (nobody answers, the name service is away) is no fault: it passes, and the light says "offline" alone.
"""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final, NamedTuple, cast

import msgspec
from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus
from websockets.http11 import Response

from appliance.adapters.identity import ENROL_MEND
from appliance.adapters.uplink_link import ByeReceivedError, first_line
from appliance.adapters.uplink_outgoing import NotUnderstoodError
from appliance.adapters.uplink_server import NotEnrolledError, OutOfDateError
from appliance.delivery.enrolment import Refusal
from appliance.indicator.patterns import Fault

_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_WRONG_NAMES: Final = frozenset({62, 64})
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""

ADDRESS_MEND: Final = "correct `url` in the table [central] of the settings: wss://HOST:PORT/v1/device"
PORTAL_MEND: Final = "let this box through the sign-in page of this network; or correct `url` in the table [central]"
VERSION_MEND: Final = "update this box and the server to versions that know each other (undertone --version)"
CLOCK_MEND: Final = "set this box's clock (timedatectl set-ntp true; or give it a battery-backed clock)"

_PORTAL: Final = frozenset({200, 302, 303, 307, 511})
"""What a page answers where a WebSocket was asked for; 511 says so itself (RFC 6585, 6)."""

_CLOCK_FAR_OFF: Final = timedelta(days=730)
"""A box renews its certificate from its second month on: one that is over for so long is the clock's mistake."""

SPOKEN: Final = b"WebSocket sub-protocol undertone."
"""Stands in what a central server answers to a box that speaks another version (`central.ingest`)."""

_REFUSALS: Final[dict[str, tuple[Fault, str]]] = {
    "revoked": ("link_revoked", f"if this box is to come back, {ENROL_MEND}"),
    "expired": ("link_expired", ENROL_MEND),
    "unknown_certificate": ("link_refused", ENROL_MEND),
    "unknown_token": ("link_refused", "make a token for this box: undertone central add-device NAME --replace"),
    "no_credential": ("link_refused", ENROL_MEND),
    "unauthorized": ("link_refused", "correct the name in [device] to the one that the box was enrolled as"),
    "protocol_error": ("link_version", VERSION_MEND),
    "replaced": ("link_refused", "another box uses the same identity: enrol each box by a claim of its own"),
}


class Diagnosis(NamedTuple):
    """What is wrong, in words for people."""

    fault: Fault
    text: str
    mend: str


def diagnosis_of(error: Exception, *, by_certificate: bool = False) -> Diagnosis | None:
    """Give what an error means that ended a try to reach the server, None when it is an outage or unknown.

    `by_certificate`: the box showed one. A server that does not accept it may just close the connection (TLS 1.3 has
    no answer to it within the handshake).
    """
    found: Diagnosis | None = None
    match error:
        case NotEnrolledError() | OutOfDateError():
            found = _of_own_certificate(error)
        case InvalidStatus():
            found = _of_status(error.response)
        case ssl.SSLCertVerificationError():
            found = _of_certificate(error)
        case ssl.SSLError():
            found = _of_tls(error)
        case socket.gaierror(errno=socket.EAI_NONAME):
            found = Diagnosis("link_address", "the name of the server is not known to the name service", ADDRESS_MEND)
        case InvalidHandshake():
            found = _of_handshake(error, by_certificate=by_certificate)
        case NotUnderstoodError():
            found = Diagnosis("link_version", str(error), VERSION_MEND)
        case ByeReceivedError():
            found = refusal(error.bye.reason, str(error))
    return found


def _of_handshake(error: InvalidHandshake, *, by_certificate: bool) -> Diagnosis | None:
    if isinstance(error, InvalidMessage) and isinstance(error.__cause__, EOFError):
        text = "the server closes the connection, perhaps because it does not know this box's certificate"
        return Diagnosis("link_refused", text, ENROL_MEND) if by_certificate else None
    if "HTTP/1.0" in str(error.__cause__):
        return Diagnosis("link_portal", "a page answers in the server's place (HTTP/1.0)", PORTAL_MEND)
    return Diagnosis("link_address", f"what answers there is no central server: {error}", ADDRESS_MEND)


def refusal(reason: str, text: str) -> Diagnosis | None:
    """Give what it means that the server refuses for this reason."""
    found = _REFUSALS.get(reason)
    return Diagnosis(found[0], text, found[1]) if found else None


def _of_own_certificate(error: NotEnrolledError | OutOfDateError) -> Diagnosis:
    if isinstance(error, NotEnrolledError):
        return Diagnosis("link_not_enrolled", str(error), error.mend)
    if datetime.now(UTC) - error.ended_at > _CLOCK_FAR_OFF:
        return Diagnosis("clock_wrong", f"{error}; the clock here says {_today()}", CLOCK_MEND)
    return Diagnosis("link_expired", str(error), f"{error.mend}; or, if the clock is wrong, {CLOCK_MEND}")


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def _of_status(response: Response) -> Diagnosis | None:
    status = response.status_code
    try:
        said = msgspec.json.decode(bytes(response.body or b""), type=Refusal)
    except (msgspec.DecodeError, RecursionError):
        said = Refusal("")
    if known := refusal(said.reason, f"the server refuses this box: {first_line(said.error)}"):
        return known
    if status in {401, 403}:
        text = f"the server refuses this box (HTTP {status})"
        return Diagnosis("link_refused", text, "look at the server's log for the reason")
    if status in _PORTAL:
        to = first_line(response.headers.get("Location", ""))
        text = f"a page answers in the server's place (HTTP {status}" + (f" to {to})" if to else ")")
        return Diagnosis("link_portal", text, PORTAL_MEND)
    if status == HTTPStatus.BAD_REQUEST and SPOKEN in (body := bytes(response.body or b"")):
        return Diagnosis("link_version", first_line(body.decode("utf-8", "replace")), VERSION_MEND)
    if 300 <= status < 500 and status not in {408, 429}:
        return Diagnosis("link_address", f"at this address there is no central server (HTTP {status})", ADDRESS_MEND)
    return None


def _of_certificate(error: ssl.SSLCertVerificationError) -> Diagnosis:
    today = f"the clock here says {_today()}"
    if error.verify_code == _NOT_YET_VALID:
        return Diagnosis("clock_wrong", f"the server's certificate is not valid yet; {today}", CLOCK_MEND)
    if error.verify_code == _EXPIRED:
        mend = f"renew the server's certificate; or, if the clock is wrong, {CLOCK_MEND}"
        return Diagnosis("link_untrusted", f"the server's certificate has expired; {today}", mend)
    if error.verify_code in _WRONG_NAMES:
        mend = "use a name in `url` that the certificate holds, or: undertone central ca issue --server-name NAME"
        return Diagnosis(
            "link_untrusted", f"the server's certificate is for another name: {error.verify_message}", mend
        )
    mend = (
        "if this network has a sign-in page, let the box through; else set `ca_file` to the authority of your server, "
        f"or, for a box with a certificate, {ENROL_MEND}"
    )
    return Diagnosis("link_untrusted", f"the server's certificate is not trusted: {error.verify_message}", mend)


def _of_tls(error: ssl.SSLError) -> Diagnosis | None:
    reason = cast("str | None", error.reason) or ""
    if "ALERT_CERTIFICATE_EXPIRED" in reason:
        return Diagnosis("link_expired", "the server says that this box's certificate has expired", ENROL_MEND)
    if "ALERT_UNKNOWN_CA" in reason or "CERTIFICATE" in reason:
        return Diagnosis("link_refused", "the server does not know the authority of this box's certificate", ENROL_MEND)
    if reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"}:
        return Diagnosis("link_address", "what answers there does not speak TLS", ADDRESS_MEND)
    return None
