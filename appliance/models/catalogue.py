"""The catalogue of speech models: engine, languages, bands heard (with the evidence), licence, hashes, sources.

The catalogue is plain data in `catalogue.toml`. The order of its models is the order of preference, the order of a
model's sources is the order in which they are tried.
"""

import re
import tomllib
from typing import Annotated, Literal

import msgspec

from appliance.errors import BadInputError

Engine = Literal["vosk", "moonshine"]
Band = Literal["narrow", "wide"]

# A name is a folder's name, a file's name and an argument on a command line: no separators, no leading dot or dash.
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z"
LANGUAGE_PATTERN = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z"  # what matters of BCP 47

ModelName = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Language = Annotated[str, msgspec.Meta(pattern=LANGUAGE_PATTERN)]
FilePath = Annotated[str, msgspec.Meta(pattern=r"^(?!/)(?!.*(^|/)\.{0,2}(/|\Z))[^\\\x00]+\Z")]


class Hearing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known about one model on one band."""

    band: Band
    evidence: Literal["measured", "publisher"]
    """Who says so: our own measurement, or the publisher's word."""
    figures: str
    hears: bool = True


class UrlSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="url"):
    """The publisher's own zip archive."""

    url: Annotated[str, msgspec.Meta(pattern=r"^https://")]
    sha256: Sha256
    bytes: Annotated[int, msgspec.Meta(gt=0)] | None = None


class IndexSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="index"):
    """A folder inside a wheel on the Python package index that this machine's pip uses."""

    package: ModelName
    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.+!]+\Z")]
    sha256: Annotated[tuple[Sha256, ...], msgspec.Meta(min_length=1)]
    """One hash per wheel that is accepted (wheels differ by processor)."""
    folder: FilePath


class InstalledSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="installed"):
    """A folder inside a Python package that may already be installed in this environment."""

    package: Annotated[str, msgspec.Meta(pattern=r"^[a-z_][a-z0-9_]*\Z")]
    folder: FilePath


Source = UrlSource | IndexSource | InstalledSource


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One speech model."""

    name: ModelName
    engine: Engine
    languages: Annotated[tuple[Language, ...], msgspec.Meta(min_length=1)]
    licence: str
    bands: Annotated[tuple[Hearing, ...], msgspec.Meta(min_length=1)]
    sources: Annotated[tuple[Source, ...], msgspec.Meta(min_length=1)]
    files: dict[FilePath, Sha256] = {}
    """Hash of every file, where known. A folder with exactly these contents is this model, however it came."""

    def hears(self, band: Band) -> bool:
        """Say whether the catalogue holds evidence that the model hears this band."""
        return any(known.band == band and known.hears for known in self.bands)


Catalogue = tuple[Model, ...]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    model: Catalogue


def read_catalogue(text: str, *, where: str = "catalogue.toml") -> Catalogue:
    """Read a catalogue from TOML text.

    Raises `BadInputError`, naming `where` and the key or line, for text that is not TOML, for an unknown key, a
    wrong type, a malformed value, or two models of one name.
    """
    try:
        models = msgspec.convert(tomllib.loads(text), _File).model
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadInputError(str(error), where=where, mend="correct the catalogue file") from error
    names = [model.name for model in models]
    for name in names:
        if names.count(name) > 1:
            raise BadInputError(f"the model {name} is listed twice", where=where, mend="remove one of the two")
    return models


def by_name(models: Catalogue, name: str) -> Model | None:
    """Find the model of this name."""
    return next((model for model in models if model.name == name), None)


def for_language(models: Catalogue, language: str, engine: Engine | None = None) -> Catalogue:
    """Give the models for this language, on whatever band, the preferred first.

    `language` is a BCP 47 tag; its first part decides ("en" for "en-US").
    """
    primary = re.split("[-_]", language.lower(), maxsplit=1)[0]
    return tuple(
        model
        for model in models
        if engine in {None, model.engine} and primary in {known.split("-")[0] for known in model.languages}
    )
