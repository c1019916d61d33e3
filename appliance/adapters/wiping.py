"""Wipes a box: whatever it knows of calls, and who it is. The key goes last, for it signs what was done."""

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.adapters.durable import sync
from appliance.adapters.first_boot import wipe_file
from appliance.adapters.identity import IDENTITY_FILE, identity_folder, read_identity
from appliance.errors import BadInputError
from appliance.fleet.wiping import Report, signed_report

OUTBOX: Final = "outbox.db"
MODELS: Final = "models"

log = logging.getLogger(__name__)


class Places(NamedTuple):
    """What a box keeps: its state folder, its settings' folder, and whether its speech models go, too."""

    state: Path
    settings: Path
    models: bool = False

    @property
    def kept(self) -> tuple[str, ...]:
        """What is left alone: speech models say nothing of anybody."""
        models = self.state / MODELS
        return (str(models),) if models.is_dir() and not self.models else ()


class Wiped(NamedTuple):
    """What was done: the report in words, and as the box's key signed it; without a key nobody can."""

    report: Report
    signed: bytes | None


def undelivered(state: Path) -> int:
    """Count the events that the server has not got yet. Raises `BadInputError` while a device runs here."""
    outbox = state / OUTBOX
    if not outbox.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{outbox.as_uri()}?mode=rw", uri=True, timeout=0.5)) as database:
            database.execute("BEGIN EXCLUSIVE")
            found = database.execute("SELECT count(*) FROM events").fetchone()
            return int(found[0])
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            mend = "stop it first: systemctl disable --now undertone"
            raise BadInputError("the device runs", where=str(state), mend=mend) from error
        return 0  # no outbox of ours, or a broken one: it goes as it is
    except sqlite3.DatabaseError:
        return 0


def wipe(places: Places, serial: str) -> Wiped:
    """Wipe all but the identity, and give the report; cut off, it can be done again. Raises `BadInputError`."""
    waiting = undelivered(places.state)
    files = size = 0
    for file in list(_files(places)):
        files, size = files + 1, size + file.lstat().st_size
        _remove(file)
    _remove_empty(places)
    report = Report(
        format="undertone-wiped-1",
        device=_device(places.state),
        serial=serial,
        wiped_at=datetime.now(UTC).isoformat(timespec="seconds"),
        files=files,
        bytes=size,
        places=(str(places.state), str(places.settings)),
        left=tuple(map(str, _files(places))),
        kept=places.kept,
        undelivered_events=waiting,
    )
    return Wiped(report, _signed(report, places.state))


def wipe_identity(state: Path) -> None:
    """Wipe who the box is: nothing can sign in its name after that."""
    folder = identity_folder(state)
    for file in sorted(folder.rglob("*")):
        _remove(file)
    if folder.is_dir():
        folder.rmdir()
        sync(state)


def _device(state: Path) -> str:
    try:
        return read_identity(identity_folder(state)).device
    except BadInputError:
        return ""  # never enrolled


def _signed(report: Report, state: Path) -> bytes | None:
    try:
        content = (identity_folder(state) / IDENTITY_FILE).read_bytes()
        key = serialization.load_pem_private_key(content, None)
        certificate = content[content.index(b"-----BEGIN CERTIFICATE") :].decode("ascii")
    except (OSError, ValueError):
        return None
    return signed_report(report, key, certificate) if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _files(places: Places) -> Iterator[Path]:
    """Give what is to be wiped: every file and link, but the identity and what is kept."""
    spared = {str(identity_folder(places.state)), *places.kept}
    for folder in (places.state, places.settings):
        yield from (
            path
            for path in sorted(folder.rglob("*"))
            if (path.is_symlink() or not path.is_dir()) and not _is_below(path, spared)
        )


def _is_below(path: Path, spared: Iterable[str]) -> bool:
    return any(path.is_relative_to(place) for place in spared)


def _remove(file: Path) -> None:
    try:
        if file.is_symlink() or not file.is_file():
            file.unlink()
        else:
            wipe_file(file)
    except OSError as error:
        mend = "run it as root, then again"
        raise BadInputError(f"cannot be wiped ({error.strerror})", where=str(file), mend=mend) from error


def _remove_empty(places: Places) -> None:
    """Remove folders whose names may tell of calls or people; those of the system stay."""
    spared = {str(identity_folder(places.state)), *places.kept}
    for folder in (places.state, places.settings):
        inner = [path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()]
        for each in sorted(inner, reverse=True):
            if not _is_below(each, spared) and not any(each.iterdir()):
                each.rmdir()
