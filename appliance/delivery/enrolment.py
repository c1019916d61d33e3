"""How a new box comes by its certificate: the claim code that a person carries to it, and what is said over HTTPS.

A claim code is `UT1-TOKEN-FINGERPRINT-CHECK` in hexadecimal digits: a one-time token of 128 bits, the first 128 bits of
the SHA-256 of the authority's certificate, and a CRC-32 against slips of the pen. The box asks `GET /v1/ca` of a server
that it does not trust yet, goes on only if the certificate there has this fingerprint, and says the token only over TLS
that was verified with it. So nobody in between learns the token, and no first contact is trusted blindly.

Then `POST /v1/enrol` with an `EnrolRequest` gives a `Certified`; later `POST /v1/renew` with a `RenewRequest`, over TLS
with the present certificate, gives the next one; and `GET /v1/trust` gives a `Trust`. `GET /v1/provision` gives what
the box's desk needs, a `Provision`, and `GET /v1/models/NAME` the archive of a speech model, from any byte on. A
refusal is a `Refusal` with the status 400, 401, 403, 404 or 429.
"""

import hashlib
import zlib
from typing import Annotated, Final, NamedTuple

import msgspec

from appliance.delivery.orders import MAX_PACK
from appliance.errors import BadInputError

CLAIM_PREFIX: Final = "UT1"
TOKEN_BYTES: Final = 16
FINGERPRINT_BYTES: Final = 16
"""Nobody can make another certificate with the same first 128 bits of SHA-256."""

MAX_CLAIM_CHARACTERS: Final = 200
"""Twice what a claim code has: a file given by mistake is not read to its end."""

MAX_BODY_BYTES: Final = 16_384
"""A signing request for P-256 has below 1 KiB, a bundle of two authorities 2 KiB."""

MAX_SETTINGS: Final = 65_536
"""Settings with every key have 4 KiB."""

MAX_MODELS: Final = 1_000

MAX_PROVISION_BYTES: Final = 1024**2
"""Settings, and a rule pack twice as large with its escapes."""

CSR = Annotated[str, msgspec.Meta(max_length=8192)]


class Claim(NamedTuple):
    """What a claim code says: the token, and which authority to trust."""

    token: str
    fingerprint: str


class EnrolRequest(msgspec.Struct, frozen=True):
    """A box with this hardware serial number redeems a claim's token for a certificate of its own key (PEM)."""

    token: Annotated[str, msgspec.Meta(max_length=100)]
    serial: Annotated[str, msgspec.Meta(max_length=100)]
    csr: CSR


class RenewRequest(msgspec.Struct, frozen=True):
    """An enrolled box wants the next certificate, for a new key."""

    csr: CSR


class Certified(msgspec.Struct, frozen=True):
    """The answer: who the box is, its certificate, and the authorities that it is to trust from now on (PEM)."""

    device: str
    certificate: str
    authorities: str


class Trust(msgspec.Struct, frozen=True):
    """What an enrolled box should trust now; with `renew` it is to get a new certificate at once."""

    device: str
    authorities: str
    server_time: str
    renew: bool = False


class Provision(msgspec.Struct, frozen=True):
    """What the server has for this box: its settings and rule pack as the text of their files, where there are any.

    `models` are the file names of the speech models that it can have there.
    """

    device: str
    settings: Annotated[str, msgspec.Meta(max_length=MAX_SETTINGS)] = ""
    rules: Annotated[str, msgspec.Meta(max_length=MAX_PACK)] = ""
    models: Annotated[tuple[str, ...], msgspec.Meta(max_length=MAX_MODELS)] = ()


class Refusal(msgspec.Struct, frozen=True):
    """Why something was refused: a text for people, and a word for programs."""

    error: str
    reason: str = ""


def fingerprint(certificate_der: bytes) -> str:
    """Give the fingerprint of an authority's certificate as a claim code holds it."""
    return hashlib.sha256(certificate_der).hexdigest()[: 2 * FINGERPRINT_BYTES]


def claim_code(claim: Claim) -> str:
    """Write a claim code."""
    body = f"{CLAIM_PREFIX}-{claim.token}-{claim.fingerprint}".upper()
    return f"{body}-{_check(body)}"


def parse_claim(text: str) -> Claim:
    """Read a claim code; case and white space around it do not matter. Raises `BadInputError`, without the code."""
    mend = "give the whole line that `undertone central claim new` printed"
    parts = text.strip().upper().split("-") if len(text) <= MAX_CLAIM_CHARACTERS else []
    if len(parts) != 4 or parts[0] != CLAIM_PREFIX:
        raise BadInputError("this is not a claim code (UT1-...-...-...)", mend=mend)
    _, token, authority, check = parts
    sizes = (len(token), len(authority)) == (2 * TOKEN_BYTES, 2 * FINGERPRINT_BYTES)
    if not sizes or check != _check("-".join(parts[:3])) or not set(token + authority) <= set("0123456789ABCDEF"):
        raise BadInputError("the claim code has a slip of the pen in it", mend=mend)
    return Claim(token.lower(), authority.lower())


def _check(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08X}"
