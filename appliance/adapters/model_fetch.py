"""Installs a speech model of the catalogue from the first of its sources that has it."""

from pathlib import Path

from appliance.adapters import model_store, paths
from appliance.adapters.model_archive import ArchiveError, file_facts, unpack
from appliance.adapters.model_download import SourceError
from appliance.adapters.model_install import Say, disk_trouble, known_manifest, locked, settle, staged
from appliance.adapters.model_sources import describe, fetch_archive, obtain
from appliance.errors import BadInputError
from appliance.models.catalogue import Model, UrlSource


def fetch(
    model: Model, *, mirror: str | None = None, folder: Path | None = None, say: Say = model_store.say_on_stderr
) -> Path:
    """Install a model of the catalogue unless an intact copy is there already, and give its folder.

    Tries the sources in order, or the `mirror` alone: the URL of a folder that holds NAME.zip. Raises `BadInputError`
    when none of them has the model. Whatever happens, the model is there whole or not at all.
    """
    store = folder or paths.models_folder()
    with locked(store, say):
        if place := _intact(model, store, say):
            return place
        try:
            return _fetch_mirrored(model, mirror, store) if mirror else _fetch_first(model, store, say)
        except OSError as error:
            raise disk_trouble(error, store) from error


def _intact(model: Model, store: Path, say: Say) -> Path | None:
    place = model_store.installed(model.name, store)
    if place is None:
        return None
    try:
        model_store.verify(place)
    except BadInputError as error:
        say(f"{error}; fetching it again")
        return None
    return place


def _fetch_first(model: Model, store: Path, say: Say) -> Path:
    reasons = []
    for source in model.sources:
        say(f"{model.name}: from {describe(source)}")
        try:
            with staged(model.name, store) as new:
                obtain(source, new, store / f".{model.name}.zip.part")
                if not isinstance(source, UrlSource):
                    _require_known_files(model, new)
                return settle(new, known_manifest(model, describe(source)))
        except (SourceError, ArchiveError) as error:
            reasons.append(f"{describe(source)}: {error}")
            say(f"{model.name}: {error}")
    raise BadInputError(
        f"no source of {model.name} could be used",
        where="; ".join(reasons),
        mend="check the network, use --mirror URL, or `undertone model import FILE.zip`",
    )


def _fetch_mirrored(model: Model, mirror: str, store: Path) -> Path:
    url = f"{mirror.rstrip('/')}/{model.name}.zip"
    official = next((source for source in model.sources if isinstance(source, UrlSource)), None)
    part = store / f".{model.name}.mirror.part"
    try:
        with staged(model.name, store) as new:
            size_bytes, sha256 = (official.bytes, official.sha256) if official else (None, None)
            fetch_archive(url, part, expected_bytes=size_bytes, sha256=sha256)
            unpack(part, new)
            part.unlink()
            if official is None:
                _require_known_files(model, new)
            return settle(new, known_manifest(model, url))
    except (SourceError, ArchiveError) as error:
        raise BadInputError(
            f"the mirror cannot give {model.name}: {error}", where=url, mend="check the mirror"
        ) from error


def _require_known_files(model: Model, new: Path) -> None:
    for name, fact in file_facts(new).items():
        if model.files.get(name) != fact.sha256:
            raise ArchiveError(f"the file {name} is not the catalogue's", where=model.name)
    if missing := [name for name in model.files if not (new / name).is_file()]:
        raise ArchiveError(f"the file {missing[0]} is missing", where=model.name)
