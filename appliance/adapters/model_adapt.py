"""Makes a telephone model out of an installed wideband one: a new folder beside it, whole or not at all."""

import contextlib
import os
import shutil
from importlib import resources
from pathlib import Path
from typing import Final

from appliance.adapters import model_store, paths
from appliance.adapters.model_archive import file_sha256
from appliance.adapters.model_install import MFCC_CONF, Say, disk_trouble, locked, settle, staged
from appliance.errors import BadInputError
from appliance.models.catalogue import by_name
from appliance.models.front import Front, FrontError, foreign_feature, insert, mended_ivector
from appliance.models.front_file import read_front, write_front
from appliance.models.kaldi import (
    KaldiError,
    read_acoustic_model,
    read_matrix_file,
    read_statistics,
    write_acoustic_model,
    write_matrix_file,
    write_statistics,
)
from appliance.models.manifest import ADAPTED_SUFFIX, MANIFEST_FILE, Adaptation, Manifest
from appliance.version import VERSION

ACOUSTIC_MODEL: Final = "am/final.mdl"
MATRIX: Final = "ivector/final.mat"
STATISTICS: Final = "ivector/global_cmvn.stats"
CHANGED: Final = (ACOUSTIC_MODEL, MATRIX, STATISTICS)

SPARE_BYTES: Final = 64 * 1024**2
"""What must stay free on the disk beside the new model."""

OTHER_MODEL: Final = "adapt a small Vosk model with 40 cepstra from 20 to 7600 Hz, such as vosk-model-small-en-us-0.15"


def adapt(
    name: str, *, front: Front | None = None, folder: Path | None = None, say: Say = model_store.say_on_stderr
) -> Path:
    """Adapt the installed model of this name to the telephone band, and give the folder of the new model.

    Without a `front` the one that was taught for exactly this model is taken, or else the general one. The model it is
    made of stays as it is. Raises `BadInputError`, with nothing written, for a model that cannot be adapted.
    """
    store = folder or paths.models_folder()
    source = source_of(name, store)
    front = front or shipped_front(source)
    changed = _changed(source, front)
    try:
        with locked(store, say), staged("adapt", store) as new:
            _require_space(store, source)
            _bring(source, new)
            for path, data in changed.items():
                (new / path).write_bytes(data)
            return settle(new, _manifest(source, front))
    except OSError as error:
        raise disk_trouble(error, store) from error


def source_of(name: str, store: Path) -> Path:
    """Give the folder of an installed model, unharmed and not adapted yet; raises `BadInputError`."""
    place = model_store.installed(name, store)
    if place is None:
        known = by_name(model_store.catalogue(), name)
        mend = model_store.mend(name) if known else "undertone model list shows the installed ones"
        raise BadInputError(f"the speech model {name} is not installed", mend=mend)
    manifest = model_store.manifest_of(place)
    if manifest.adapted:
        raise BadInputError(f"{name} is adapted already, from {manifest.adapted.source}", mend="undertone model list")
    if manifest.engine != "vosk":
        raise BadInputError(f"{name} is no Vosk model but one of {manifest.engine}", mend=OTHER_MODEL)
    model_store.verify(place)
    if not all((place / path).is_file() for path in CHANGED):
        raise BadInputError("the model has no i-vectors", where=str(place), mend=OTHER_MODEL)
    _require_features(place)
    return place


def shipped_front(source: Path) -> Front:
    """Give the front that was taught for this very model, the general one when there is none."""
    digest = file_sha256(source / ACOUSTIC_MODEL)
    return next((front for front in _shipped() if front.provenance.taught_for == digest), general_front())


def general_front() -> Front:
    """Give the front that serves every model with the features that fronts know."""
    return next(front for front in _shipped() if not front.provenance.taught_for)


def read_front_file(file: Path) -> Front:
    """Read a front that somebody brought along; raises `BadInputError`."""
    try:
        return read_front(file.read_bytes())
    except FrontError as error:
        raise BadInputError(str(error), where=str(file), mend="copy it again from where it was taught") from error
    except OSError as error:
        raise BadInputError(f"it cannot be read ({error.strerror})", where=str(file), mend="check the path") from error


def write_front_file(front: Front, file: Path) -> None:
    """Write a front's file, whole or not at all; raises `BadInputError`."""
    new = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(write_front(front))
        new.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise disk_trouble(error, file.parent) from error


def _shipped() -> list[Front]:
    folder = resources.files("appliance.models").joinpath("fronts")
    return [read_front(file.read_bytes()) for file in folder.iterdir() if file.name.endswith(".front")]


def _require_features(place: Path) -> None:
    conf = (place / MFCC_CONF).read_text("utf-8", "replace")
    splice = (place / "ivector/splice.conf").read_text("utf-8", "replace").split()
    if foreign := foreign_feature(conf):
        what = f"the model hears other features than a telephone front knows ({foreign})"
        raise BadInputError(what, where=str(place / MFCC_CONF), mend=OTHER_MODEL)
    if sorted(splice) != ["--left-context=3", "--right-context=3"]:
        what = f"the model's i-vector has another window than seven frames ({' '.join(splice)})"
        raise BadInputError(what, where=str(place / "ivector/splice.conf"), mend=OTHER_MODEL)


def _changed(source: Path, front: Front) -> dict[str, bytes]:
    """Compute the files that become others."""
    path = ACOUSTIC_MODEL
    try:
        model = insert(read_acoustic_model((source / path).read_bytes()), front)
        path = MATRIX
        matrix = read_matrix_file((source / path).read_bytes())
        path = STATISTICS
        statistics = read_statistics((source / path).read_text("utf-8", "replace"))
        matrix, statistics = mended_ivector(matrix, statistics, front)
    except KaldiError as error:
        mend = f"install a complete copy of it, or {OTHER_MODEL}"
        raise BadInputError(f"it cannot be adapted: {error}", where=str(source / path), mend=mend) from error
    except FrontError as error:
        raise BadInputError(f"it cannot be adapted: {error}", where=str(source / path), mend=OTHER_MODEL) from error
    return {
        ACOUSTIC_MODEL: write_acoustic_model(model),
        MATRIX: write_matrix_file(matrix),
        STATISTICS: write_statistics(statistics).encode(),
    }


def _bring(source: Path, new: Path) -> None:
    """Put everything else into the new folder; the graph, which is most of a model, is shared where the disk can."""
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        inside = file.relative_to(source)
        if inside.as_posix() in {*CHANGED, MANIFEST_FILE}:
            continue
        target = new / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        if inside.parts[0] == "graph":
            _share(file, target)
        else:
            shutil.copyfile(file, target)
    for path in CHANGED:
        (new / path).parent.mkdir(parents=True, exist_ok=True)


def _share(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


def _require_space(store: Path, source: Path) -> None:
    """Ask for as much as a copy of everything would take: whether the graph can be shared, only the disk knows."""
    needed_bytes = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    free_bytes = shutil.disk_usage(store).free
    if free_bytes < needed_bytes + SPARE_BYTES:
        raise BadInputError(
            f"the disk is too full: {needed_bytes} bytes are needed, {free_bytes} are free",
            where=str(store),
            mend="free space, or set UNDERTONE_HOME to a folder on another disk",
        )


def _manifest(source: Path, front: Front) -> Manifest:
    manifest, told = model_store.manifest_of(source), front.provenance
    return Manifest(
        name=manifest.name + ADAPTED_SUFFIX,
        engine="vosk",
        languages=manifest.languages,
        bands=("narrow",),
        source=f"adapted on this machine from {manifest.name}",
        in_catalogue=False,
        files={},
        adapted=Adaptation(
            source=manifest.name,
            source_files={path: manifest.files[path].sha256 for path in CHANGED},
            method=f"telephone front {told.name!r}: {told.method}",
            data=told.data,
            figures=told.figures,
            version=VERSION,
        ),
    )
