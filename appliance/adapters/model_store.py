"""The speech models on this machine: one folder each, complete or absent, with a manifest that tells what is in it."""

import sys
from functools import cache
from importlib import resources
from pathlib import Path

from appliance.adapters import paths
from appliance.adapters.model_archive import file_sha256
from appliance.errors import BadInputError
from appliance.models.catalogue import Catalogue, Model, by_name, read_catalogue
from appliance.models.layout import guess_engine, is_flat_vosk, missing_files
from appliance.models.manifest import ADAPTED_SUFFIX, MANIFEST_FILE, Manifest, as_model, read_manifest


@cache
def catalogue() -> Catalogue:
    """Read the catalogue that the package ships."""
    file = resources.files("appliance.models") / "catalogue.toml"
    return read_catalogue(file.read_text("utf-8"))


def known(name: str) -> Model:
    """Give the catalogue's model of this name; raises `BadInputError` with the names there are."""
    if model := by_name(catalogue(), name):
        return model
    names = ", ".join(model.name for model in catalogue())
    raise BadInputError(f"no speech model is called {name!r}", mend=f"take one of: {names}")


def known_models(folder: Path | None = None) -> Catalogue:
    """Give the models of the catalogue and, behind them, those that are installed without it knowing them."""
    strangers = [manifest for manifest in installed_manifests(folder).values() if not manifest.in_catalogue]
    return (*catalogue(), *(as_model(manifest, licence=_licence(manifest)) for manifest in strangers))


def installed(name: str, folder: Path | None = None) -> Path | None:
    """Give the folder of the model when it is installed (not whether it is intact), else None."""
    place = (folder or paths.models_folder()) / name
    return place if (place / MANIFEST_FILE).is_file() else None


def locate(model: Model, folder: Path | None = None) -> Path:
    """Give the folder of an installed model; raises `BadInputError` with the mend when it is not installed."""
    if place := installed(model.name, folder):
        return place
    raise BadInputError(f"the speech model {model.name} is not installed", mend=mend(model.name))


def installed_folders(folder: Path | None = None) -> list[Path]:
    """Give the folders of all installed models."""
    found = sorted((folder or paths.models_folder()).glob(f"*/{MANIFEST_FILE}"))
    return [file.parent for file in found if not file.parent.name.startswith(".")]


def installed_manifests(folder: Path | None = None) -> dict[str, Manifest]:
    """Give every installed model's manifest by name; raises `BadInputError` for a damaged one."""
    return {place.name: manifest_of(place) for place in installed_folders(folder)}


def manifest_of(place: Path) -> Manifest:
    """Read the manifest of the model in this folder."""
    return read_manifest((place / MANIFEST_FILE).read_bytes(), where=str(place / MANIFEST_FILE), mend=mend(place.name))


def check(place: Path) -> None:
    """Check quickly, without reading the files, that a model's folder is complete.

    With a manifest every file must be there in its size; a folder without one (a model that somebody unpacked by
    hand) must hold what its engine needs. Raises `BadInputError` that names the file.
    """
    if not place.is_dir():
        raise BadInputError("there is no such model folder", where=str(place), mend="undertone model list")
    if not (place / MANIFEST_FILE).is_file():
        present = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
        require_layout(present, str(place))
        return
    for name, fact in manifest_of(place).files.items():
        file = place / name
        if not file.is_file():
            raise BadInputError(f"the model's file {name} is missing", where=str(place), mend=mend(place.name))
        if (size_bytes := file.stat().st_size) != fact.bytes:
            what = f"the model's file {name} has {size_bytes} bytes instead of {fact.bytes}"
            raise BadInputError(what, where=str(place), mend=mend(place.name))


def verify(place: Path) -> None:
    """Check that every file of a model is as it was installed; raises `BadInputError` that names the file."""
    check(place)
    for name, fact in manifest_of(place).files.items():
        if file_sha256(place / name) != fact.sha256:
            raise BadInputError(f"the model's file {name} has changed", where=str(place), mend=mend(place.name))


def require_layout(present: set[str], where: str) -> None:
    """Check that these files (paths inside the folder) make a model; raises `BadInputError` that names what lacks."""
    if is_flat_vosk(present):
        raise BadInputError(
            "this Vosk model has the layout used before 2020 (final.mdl without am/)",
            where=where,
            mend="take a newer model of the language",
        )
    if missing := missing_files(guess_engine(present), present):
        raise BadInputError(
            f"this is no complete speech model: {missing[0]} is missing",
            where=where,
            mend="take a complete copy (a Vosk model has the folders am, conf, graph, ivector)",
        )


def say_on_stderr(line: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f"undertone: {line}\n")
    sys.stderr.flush()


def mend(name: str) -> str:
    """Say what brings a model back that is missing or damaged."""
    if by_name(catalogue(), name):
        return f"undertone model fetch {name}"
    source = name.removesuffix(ADAPTED_SUFFIX)
    return "import the model again" if source == name else f"undertone model adapt {source} --band telephone"


def _licence(manifest: Manifest) -> str:
    """Give the licence of the model that an adapted one was made of."""
    source = by_name(catalogue(), manifest.adapted.source) if manifest.adapted else None
    return source.licence if source else "unknown"
