"""The manifest that lies in every installed model: what it is, where it came from, the hash of each file."""

from typing import Annotated, Literal

import msgspec

from appliance.errors import BadInputError
from appliance.models.catalogue import Band, Engine, FilePath, Hearing, Language, Model, ModelName, Sha256

MANIFEST_FILE = "model.json"
ADAPTED_SUFFIX = "-telephone"
"""What is added to a model's name when it is adapted to the telephone band."""


class FileFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Size and hash of one file as installed."""

    bytes: Annotated[int, msgspec.Meta(ge=0)]
    sha256: Sha256


class Adaptation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a model was made out of another one on this machine."""

    source: ModelName
    source_files: dict[FilePath, Sha256]
    """The files that were changed, as they were in the source."""
    method: str
    data: str
    """The speech that the method was fitted on."""
    figures: str
    """What was measured, on what."""
    version: str
    """Of Undertone."""


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
    adapted: Adaptation | None = None
    format: Literal[1] = 1


def write_manifest(manifest: Manifest) -> bytes:
    """Give the manifest as JSON for a file, readable for people."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def as_model(manifest: Manifest, *, licence: str = "unknown") -> Model:
    """Give an installed model that the catalogue does not list as the catalogue would."""
    if manifest.adapted:
        heard = [Hearing(band, "measured", manifest.adapted.figures) for band in manifest.bands]
    else:
        heard = [Hearing(band, "publisher", "as imported") for band in manifest.bands]
    return Model(manifest.name, manifest.engine, manifest.languages, licence, tuple(heard), ())


def read_manifest(data: bytes, *, where: str, mend: str) -> Manifest:
    """Read a manifest; raises `BadInputError` with `where` and `mend` when it is damaged."""
    try:
        return msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"the model's manifest is damaged ({error})", where=where, mend=mend) from error
