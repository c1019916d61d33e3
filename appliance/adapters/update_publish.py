"""Writes what a publisher puts on a web server."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.adapters.update_disk import unpacked_bytes
from appliance.errors import BadInputError
from appliance.update.manifest import Release, read_offer, signed_offer

OFFER_FILE: Final = "release.json"


def publish(
    archive: Path,
    number: int,
    version: str,
    ring_percent: float,
    keys: Mapping[str, Ed25519PrivateKey],
    trust: dict[str, bytes],
) -> Path:
    """Write the offer of a release beside its archive, and give the offer's path. Raises `BadInputError`."""
    size_bytes = unpacked_bytes(archive)
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    release = Release(
        format="undertone-release-1",
        number=number,
        version=version,
        file=archive.name,
        size_bytes=archive.stat().st_size,
        unpacked_bytes=size_bytes,
        sha256=digest,
        ring_percent=ring_percent,
        keys=trust,
    )
    document = signed_offer(release, keys)
    read_offer(document, {name: key.public_key().public_bytes_raw() for name, key in keys.items()})
    offer, draft = archive.with_name(OFFER_FILE), archive.with_name(f".{OFFER_FILE}")
    try:
        draft.write_bytes(document)
        draft.replace(offer)
    except OSError as error:
        raise BadInputError(f"cannot be written ({error.strerror})", where=str(offer), mend="free space") from error
    return offer
