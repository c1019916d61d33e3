"""The manifest that lies in every installed model: what it is, where it came from, the hash of each file."""

from typing import Annotated, Literal

import msgspec

from appliance.errors import BadInputError
from appliance.models.catalogue import Band, Engine, FilePath, Language, ModelName, Sha256

MANIFEST_FILE = "model.json"


class FileFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Size and hash of one file as installed."""

    bytes: Annotated[int, msgspec.Meta(ge=0)]
    sha256: Sha256


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one installed model is."""

    name: ModelName
    engine: Engine
    languages: tuple[Language, ...]
    bands: tuple[Band, ...]
    source: str
    """Where the copy came from, for people."""
    in_catalogue: bool
    """Whether hashes of the catalogue vouch for it; False for a model that somebody brought along."""
    files: dict[FilePath, FileFact]
    format: Literal[1] = 1


def write_manifest(manifest: Manifest) -> bytes:
    """Give the manifest as JSON for a file, readable for people."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def read_manifest(data: bytes, *, where: str, mend: str) -> Manifest:
    """Read a manifest; raises `BadInputError` with `where` and `mend` when it is damaged."""
    try:
        return msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"the model's manifest is damaged ({error})", where=where, mend=mend) from error
