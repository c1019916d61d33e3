"""Installs a speech model from a file that somebody brought along, for machines without internet."""

import re
from pathlib import Path

from appliance.adapters import model_store, paths
from appliance.adapters.model_archive import copy_folder, file_facts, file_sha256, unpack
from appliance.adapters.model_install import MFCC_CONF, Say, disk_trouble, known_manifest, locked, settle, staged
from appliance.errors import BadInputError
from appliance.models.catalogue import NAME_PATTERN, Band, IndexSource, Model, UrlSource, by_name
from appliance.models.kaldi_conf import heard_band
from appliance.models.layout import guess_engine
from appliance.models.manifest import Manifest


def import_model(
    file: Path,
    *,
    name: str | None = None,
    language: str | None = None,
    band: Band | None = None,
    folder: Path | None = None,
    say: Say = model_store.say_on_stderr,
) -> Path:
    """Install the model in a zip archive, a wheel or a folder, and give the folder of the installed model.

    What the catalogue's hashes vouch for needs nothing more. Any other model needs a `language`, is marked as
    unknown, and gets the `band` that its features are made for unless one is named. Raises `BadInputError`.
    """
    if not file.exists():
        raise BadInputError("there is no such file", where=str(file), mend="name a zip archive or a model folder")
    store = folder or paths.models_folder()
    try:
        with locked(store, say), staged("import", store) as new:
            if model := _bring(file, new):
                return settle(new, known_manifest(model, f"imported: {file.name}"))
            return settle(new, _stranger(new, file, name, language, band))
    except OSError as error:
        raise disk_trouble(error, store) from error


def _bring(file: Path, new: Path) -> Model | None:
    """Put the files into `new`; give the model of the catalogue that they are, if the hashes say so."""
    if file.is_dir():
        copy_folder(file, new)
        return _by_files(new)
    archived = _by_archive(file_sha256(file))
    unpack(file, new, folder=archived[1] if archived else "")
    return archived[0] if archived else _by_files(new)


def _by_archive(sha256: str) -> tuple[Model, str] | None:
    """Find the model that this archive is, and the folder inside the archive."""
    for model in model_store.catalogue():
        for source in model.sources:
            if isinstance(source, UrlSource) and sha256 == source.sha256:
                return model, ""
            if isinstance(source, IndexSource) and sha256 in source.sha256:
                return model, source.folder
    return None


def _by_files(new: Path) -> Model | None:
    found = {name: fact.sha256 for name, fact in file_facts(new).items()}
    return next((model for model in model_store.catalogue() if model.files and model.files == found), None)


def _stranger(new: Path, file: Path, name: str | None, language: str | None, band: Band | None) -> Manifest:
    """Describe a model that no hash of the catalogue vouches for."""
    called = name or (file.name if file.is_dir() else file.stem)
    if not re.fullmatch(NAME_PATTERN, called):
        raise BadInputError(f"{called!r} cannot be a model's name", mend="give --name with letters, digits, . _ -")
    if by_name(model_store.catalogue(), called):
        raise BadInputError(
            f"this is not the catalogue's {called}: the hashes differ",
            where=str(file),
            mend="get a good copy, or give --name OTHER and --language",
        )
    if language is None:
        what = "the catalogue does not know this model, so its language must be said"
        raise BadInputError(what, where=str(file), mend="give --language, such as --language en")
    present = {path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file()}
    model_store.require_layout(present, str(file))
    engine = guess_engine(present)
    return Manifest(
        name=called,
        engine=engine,
        languages=(language,),
        bands=(band or (_band_of(new) if engine == "vosk" else "wide"),),
        source=f"imported: {file.name}",
        in_catalogue=False,
        files={},
    )


def _band_of(new: Path) -> Band:
    try:
        return heard_band((new / MFCC_CONF).read_text("utf-8", "replace"))
    except ValueError as error:
        raise BadInputError(
            f"the sample frequency is not a number ({error})", where=MFCC_CONF, mend="give --band"
        ) from error
