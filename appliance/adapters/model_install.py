"""Puts a model into the models folder so that it is there whole or not at all, whatever happens meanwhile.

Besides the models the folder holds, all with a leading dot: the lock, unfinished downloads (kept, to be continued),
and the model that is being put together or thrown away (removed by whoever holds the lock next).
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from appliance.adapters.durable import sync, sync_all
from appliance.adapters.model_archive import file_facts
from appliance.adapters.model_store import require_layout
from appliance.errors import BadInputError
from appliance.models.catalogue import Model
from appliance.models.kaldi_conf import with_lean_search, without_dither
from appliance.models.manifest import MANIFEST_FILE, Manifest, read_manifest, write_manifest

MFCC_CONF = "conf/mfcc.conf"
MODEL_CONF = "conf/model.conf"

Say = Callable[[str], None]


@contextmanager
def locked(folder: Path, say: Say) -> Iterator[None]:
    """Be the only one to change the models folder, which is made, and cleared of what a crash left behind."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        mend = "set UNDERTONE_HOME to a folder that you may write to"
        raise BadInputError(
            f"cannot write to the models folder ({error.strerror})", where=str(folder), mend=mend
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another undertone is at work on the models; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in (*folder.glob(".new-*"), *folder.glob(".old-*")):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


@contextmanager
def staged(name: str, folder: Path) -> Iterator[Path]:
    """Give an empty folder to put a model together in; `settle` makes it the model, else it goes away."""
    new = folder / f".new-{name}"
    new.mkdir()
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def settle(new: Path, manifest: Manifest) -> Path:
    """Make the staged folder the installed model and give its place; the manifest's `files` are filled in.

    A Vosk model is made to repeat itself, for its features get no dither, and to search leaner. Raises `BadInputError`
    for an incomplete model.
    """
    require_layout({path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file()}, manifest.name)
    if manifest.engine == "vosk":
        _rewrite(new / MFCC_CONF, without_dither)
        _rewrite(new / MODEL_CONF, with_lean_search)
    (new / MANIFEST_FILE).unlink(missing_ok=True)
    data = write_manifest(msgspec.structs.replace(manifest, files=file_facts(new)))
    read_manifest(data, where=manifest.name, mend="rename the model's files")
    (new / MANIFEST_FILE).write_bytes(data)
    sync_all(new)
    return _take_place(new, new.parent / manifest.name)


def known_manifest(model: Model, source: str) -> Manifest:
    """Describe a model of the catalogue that came from `source`."""
    return Manifest(
        name=model.name,
        engine=model.engine,
        languages=model.languages,
        bands=tuple(known.band for known in model.bands if known.hears),
        source=source,
        in_catalogue=True,
        files={},
    )


def disk_trouble(error: OSError, store: Path) -> BadInputError:
    """Turn trouble with the disk (full, read-only) into a message with its mend."""
    return BadInputError(
        f"the model cannot be written ({error.strerror or error})",
        where=str(error.filename or store),
        mend="free space, or set UNDERTONE_HOME to a folder that you may write to",
    )


def _rewrite(conf: Path, change: Callable[[str], str]) -> None:
    conf.write_text(change(conf.read_text("utf-8", "replace")), "utf-8")


def _take_place(new: Path, place: Path) -> Path:
    old = place.parent / f".old-{place.name}"
    if place.exists():
        place.rename(old)
    new.rename(place)
    sync(place.parent)
    shutil.rmtree(old, ignore_errors=True)
    return place
