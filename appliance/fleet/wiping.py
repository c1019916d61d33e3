"""What a box says of itself when it has been wiped: a report that its own key signs, as the last thing that key does.

The box sends `POST /v1/wiped` with a `SignedReport` over TLS with its certificate, or a person carries it there.
"""

from typing import Annotated, Final, Literal

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.errors import BadInputError

MAX_REPORT_BYTES: Final = 16_384
"""A report has below 2 KiB, its certificate another."""

STORAGE: Final = (
    "every file was overwritten once and removed; flash storage may keep older copies of what it held where no program "
    "reaches them, so destroy the card, or keep the state on an encrypted partition from the start, where that matters"
)
"""What no wiping by a program can promise."""


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was wiped: how many files and bytes in which places, what was found left there afterwards, what was kept."""

    format: Literal["undertone-wiped-1"]
    device: str
    serial: str
    wiped_at: str
    files: Annotated[int, msgspec.Meta(ge=0)]
    bytes: Annotated[int, msgspec.Meta(ge=0)]
    places: tuple[str, ...]
    left: tuple[str, ...]
    kept: tuple[str, ...]
    undelivered_events: Annotated[int, msgspec.Meta(ge=0)]
    storage: str = STORAGE


class SignedReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The exact bytes of a `Report` as JSON, the box's certificate (PEM), and its key's signature (ECDSA, SHA-256)."""

    payload: bytes
    certificate: str
    signature: bytes


def signed_report(report: Report, key: ec.EllipticCurvePrivateKey, certificate: str) -> bytes:
    """Write a report, signed by the box's key."""
    payload = msgspec.json.encode(report)
    signature = key.sign(payload, ec.ECDSA(hashes.SHA256()))
    return msgspec.json.encode(SignedReport(payload, certificate, signature)) + b"\n"


def read_report(document: bytes) -> tuple[Report, x509.Certificate]:
    """Read a report, and give the certificate whose key signed it; whose that is the reader must find out.

    Raises `BadInputError` for what is none, or was changed.
    """
    mend = "give the file that `undertone wipe --report FILE` wrote"
    if len(document) > MAX_REPORT_BYTES:
        raise BadInputError(f"a report has at most {MAX_REPORT_BYTES} bytes", mend=mend)
    try:
        said = msgspec.json.decode(document, type=SignedReport)
        certificate = x509.load_pem_x509_certificate(said.certificate.encode())
        key = certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise BadInputError("the report was signed by no key of a box", mend=mend)
        key.verify(said.signature, said.payload, ec.ECDSA(hashes.SHA256()))
        return msgspec.json.decode(said.payload, type=Report), certificate
    except InvalidSignature as error:
        raise BadInputError("the report was not signed by the key of its certificate", mend=mend) from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadInputError(f"this is no report of a wiped box: {error}", mend=mend) from error
