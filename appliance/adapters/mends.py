"""What `undertone doctor --fix` may mend by itself: rights, owners, missing folders, and what was left half done.

A mend never touches events, settings, keys or a whole model, and everything it does can be done again. Locks need no
mend: all of ours end with the process that holds them.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from appliance.adapters.identity import identity_folder
from appliance.adapters.machine_checks import Finding
from appliance.adapters.model_install import locked
from appliance.adapters.model_store import say_on_stderr
from appliance.adapters.ownership import give_to_owner_of
from appliance.models.manifest import MANIFEST_FILE

FIX: Final = "undertone doctor --fix (as root)"

DRAFT_SUFFIX_CHARACTERS: Final = 8
"""A secret's draft is `.NAME.` and so many hexadecimal digits (`secret_file`)."""


class Mend(NamedTuple):
    """Something that is wrong and can be mended without asking anybody."""

    subject: str
    detail: str
    act: Callable[[], None]


def mends(state: Path, secrets: tuple[Path, ...] = ()) -> list[Mend]:
    """Find what can be mended in a box's state folder, and of secret files elsewhere, such as its token."""
    if not state.is_dir():
        return [Mend("state folder", f"{state} is missing", partial(_make, state, 0o700))]
    found = [*_missing(state), *_rights(state, secrets), *_halves(state), *_drafts(state)]
    return found + list(_owners(state))


def as_finding(mend: Mend) -> Finding:
    """Tell of something that was not mended yet."""
    return Finding(mend.subject, "trouble", mend.detail, FIX)


def carry_out(mend: Mend) -> Finding:
    """Mend something, and tell of it."""
    try:
        mend.act()
    except OSError as error:
        return Finding(mend.subject, "trouble", f"{mend.detail}; could not be mended: {error.strerror}", FIX)
    return Finding(mend.subject, "ok", f"{mend.detail}: mended")


def _missing(state: Path) -> Iterator[Mend]:
    models = state / "models"
    if not models.exists():
        yield Mend("speech models", f"the folder {models} is missing", partial(_make, models, 0o755))


def _rights(state: Path, secrets: tuple[Path, ...]) -> Iterator[Mend]:
    folder = identity_folder(state)
    if folder.is_dir() and _mode(folder) & 0o077:
        yield Mend("identity", f"others may look into {folder}", partial(folder.chmod, 0o700))
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    for file in (*inside, *secrets):
        if file.is_file() and not file.is_symlink() and _mode(file) & 0o077:
            yield Mend("identity", f"others may read {file}", partial(file.chmod, 0o600))


def _halves(state: Path) -> Iterator[Mend]:
    """Find models that were never finished; a whole one that is damaged is told of, and fetched anew by a person."""
    for folder in sorted((state / "models").glob("*")):
        is_half = folder.name.startswith((".new-", ".old-")) or not (folder / MANIFEST_FILE).is_file()
        if folder.is_dir() and not folder.is_symlink() and is_half:
            yield Mend("speech models", f"{folder} is half a model", partial(_remove, folder))


def _drafts(state: Path) -> Iterator[Mend]:
    for file in sorted(identity_folder(state).glob(".*.*")):
        ending = file.name.rpartition(".")[2]
        if len(ending) == DRAFT_SUFFIX_CHARACTERS and set(ending) <= set("0123456789abcdef"):
            yield Mend("identity", f"{file} was left by a power cut", file.unlink)


def _owners(state: Path) -> Iterator[Mend]:
    owner = state.stat().st_uid
    if os.geteuid() == 0 and owner != 0 and any(path.lstat().st_uid == 0 for path in state.rglob("*")):
        yield Mend("state folder", f"some of {state} is root's, and the device cannot use it", partial(_give, state))


def _remove(folder: Path) -> None:
    # Whoever puts a model together at this moment has the lock, and what is half then is whole or gone afterwards.
    with locked(folder.parent, say_on_stderr):
        if not (folder / MANIFEST_FILE).is_file():
            shutil.rmtree(folder, ignore_errors=True)


def _give(state: Path) -> None:
    give_to_owner_of(state)


def _make(folder: Path, mode: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(mode)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
