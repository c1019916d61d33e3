"""What a publisher says of a release, and the signatures on it.

An offer is one JSON document: `payload`, the exact bytes that were signed (base64), and `signatures`, each with the id
of its key. The payload is a `Release` as JSON. A signature is Ed25519 (RFC 8032) over the payload; one by a trusted key
is enough, so that an old and a new key can sign side by side.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from appliance.errors import BadInputError

MAX_OFFER_BYTES: Final = 64 * 1024
"""Some thirty times what an offer with the most keys and signatures needs."""

MAX_KEYS: Final = 16
"""A publisher has one key, two while one is replaced."""

MAX_RELEASE_BYTES: Final = 2 * 1024**3
"""A release with its environment has about 200 MB; a card of 8 GB must hold two of them unpacked."""

KEY_ID_PATTERN: Final = r"^[0-9A-Za-z][0-9A-Za-z_-]{0,31}\Z"

KeyId = Annotated[str, msgspec.Meta(pattern=KEY_ID_PATTERN)]
PublicKey = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Keys = Annotated[dict[KeyId, PublicKey], msgspec.Meta(max_length=MAX_KEYS)]
Bytes = Annotated[int, msgspec.Meta(ge=1, le=MAX_RELEASE_BYTES)]


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is signed. `keys`, where it has any, are trusted instead of those before once the release is confirmed."""

    format: Literal["undertone-release-1"]
    number: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    """Grows with every release and decides what is newer; the version is for people."""
    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9][0-9A-Za-z.+~-]{0,63}\Z")]
    file: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z._+~-]{0,127}\Z")]
    """The archive's name; it lies beside the offer."""
    size_bytes: Bytes
    unpacked_bytes: Bytes
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    ring_percent: Annotated[float, msgspec.Meta(ge=0, le=100)]
    keys: Keys = {}


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signature over the payload."""

    key: KeyId
    signature: Annotated[bytes, msgspec.Meta(max_length=64)]


class _Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    payload: bytes
    signatures: Annotated[tuple[Signature, ...], msgspec.Meta(max_length=MAX_KEYS)]


def signed_offer(release: Release, keys: Mapping[str, Ed25519PrivateKey]) -> bytes:
    """Write the offer of a release, signed with each of the keys."""
    payload = msgspec.json.encode(release)
    signatures = tuple(Signature(name, key.sign(payload)) for name, key in sorted(keys.items()))
    return msgspec.json.encode(_Offer(payload, signatures)) + b"\n"


def read_offer(document: bytes, trusted: Mapping[str, bytes]) -> Release:
    """Read an offer, which a stranger may have written.

    Raises `BadInputError` for one that is not signed by a trusted key; nothing of its payload is looked at before.
    """
    mend = "publish what `undertone update sign` wrote"
    if len(document) > MAX_OFFER_BYTES:
        raise BadInputError(f"an offer has at most {MAX_OFFER_BYTES} bytes", mend=mend)
    try:
        offer = msgspec.json.decode(document, type=_Offer)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise BadInputError(f"this is no offer of a release: {error}", mend=mend) from error
    if not any(_is_by(signature, offer.payload, trusted) for signature in offer.signatures):
        named = ", ".join(signature.key for signature in offer.signatures) or "nobody"
        raise BadInputError(
            f"no trusted key signed this offer (signed by: {named}; trusted: {', '.join(sorted(trusted)) or 'none'})",
            mend="sign it with a key that this box trusts, or look for who wrote it",
        )
    try:
        return msgspec.json.decode(offer.payload, type=Release)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise BadInputError(f"the signed release cannot be read: {error}", mend=mend) from error


def _is_by(signature: Signature, payload: bytes, trusted: Mapping[str, bytes]) -> bool:
    key = trusted.get(signature.key)
    if key is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature.signature, payload)
    except (InvalidSignature, ValueError):
        return False
    return True
