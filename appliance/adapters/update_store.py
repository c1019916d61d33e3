"""The releases on this box: the folder that a box with updates runs its program from.

- `releases/NUMBER/`: a release, unpacked and on the disk as a whole
- `current`: a link to the release that the device starts from, or to the packaged program
- `state.json`: what becomes of them (`update.plan.State`), replaced as a whole
- `download/`, `.new`: an archive on its way, a release that is being unpacked

`state.json` decides, and `current` follows it. The link moves while no device runs (`begin_start`): a running one still
loads modules through it. So a power cut at any point leaves a link to a whole release, the old or the new one.
"""

import errno
import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Literal

import msgspec

from appliance.adapters.update_disk import UpdateDisk
from appliance.errors import BadInputError
from appliance.update.manifest import Release
from appliance.update.plan import PACKAGED, State, begun, confirmed, staged

PROGRAM: Final = "bin/undertone"

RESERVE_BYTES: Final = 64 * 1024**2
"""What an update leaves free: the outbox may lie on the same disk."""

Start = Literal["as_before", "trial", "fallen_back"]


class DiskFullError(Exception):
    """There is no space for a release."""


class UpdateStore:
    """The folder `root`; `packaged` is the program that the box came with."""

    def __init__(
        self, root: Path, packaged: Path, disk: UpdateDisk | None = None, *, reserve_bytes: int = RESERVE_BYTES
    ) -> None:
        self._root = root
        self._packaged = packaged
        self._disk = disk or UpdateDisk()
        self._reserve_bytes = reserve_bytes

    @property
    def current(self) -> Path:
        """The link that the device starts from."""
        return self._root / "current"

    def state(self) -> State:
        """Read the state. Raises `BadInputError` when it cannot be read."""
        file = self._root / "state.json"
        try:
            return msgspec.json.decode(file.read_bytes(), type=State)
        except FileNotFoundError:
            return State()
        except (OSError, msgspec.MsgspecError, UnicodeError) as error:
            mend = "look at the disk; without this file the box goes back to the packaged program"
            raise BadInputError(f"cannot be read: {error}", where=str(file), mend=mend) from error

    def begin_start(self) -> Start:
        """Prepare a start of the device: put a trial to its one start, or go back to the good release."""
        self._disk.make_folder(self._root)
        with self._locked():
            before = self.state()
            after = begun(before)
            if before.trial and before.trial.is_started:
                # The way back comes first: it must work on a disk that is full.
                self._point_to(after.running)
                self._tidy(after)
                self._save(after)
                start: Start = "fallen_back"
            else:
                # The word that the one start is used up comes first, or a trial could have two.
                if after != before:
                    self._save(after)
                self._point_to(after.running)
                start = "trial" if after.trial else "as_before"
                self._tidy(after)
        return start

    def confirm(self) -> bool:
        """Take the started trial as good; gives whether there was one."""
        if not self._root.is_dir():
            return False
        with self._locked():
            before = self.state()
            after = confirmed(before)
            if after == before:
                return False
            self._save(after)
            self._tidy(after)
        return True

    @contextmanager
    def fetching(self, release: Release) -> Iterator[Path]:
        """Give the file to download a release into, which may hold a part of it; one update at a time.

        Raises `DiskFullError` before anything is downloaded, or when the disk fills up meanwhile, and gives back what
        the download took; `BadInputError` when another update is at work.
        """
        part = self._root / "download" / f"{release.number}-{release.sha256[:16]}"
        self._disk.make_folder(part.parent)
        with (self._root / ".fetching").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BadInputError(
                    "another update is at work", where=str(self._root), mend="let it end first"
                ) from error
            for other in part.parent.iterdir():
                if other != part:
                    self._disk.remove(other)
            self._disk.remove(self._root / ".new")
            with self._locked():
                self._tidy(self.state())
            have_bytes = part.stat().st_size if part.exists() else 0
            missing_bytes = release.size_bytes + release.unpacked_bytes - have_bytes
            if shutil.disk_usage(self._root).free < missing_bytes + self._reserve_bytes:
                raise DiskFullError
            try:
                yield part
            except OSError as error:
                self._disk.remove(self._root / ".new")
                if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                    raise
                self._disk.remove(part)
                raise DiskFullError from error

    def take(self, release: Release, part: Path) -> None:
        """Put a downloaded release on trial at the next start. Raises `BadInputError` when another one was signed."""
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != release.sha256 or part.stat().st_size != release.size_bytes:
            self._disk.remove(part)
            raise BadInputError(
                "the archive is not the one that was signed", where=release.file, mend="publish it anew"
            )
        new, place = self._root / ".new", self._place(release.number)
        self._disk.make_folder(new)
        self._disk.unpack(part, new)
        if not (new / PROGRAM).is_file():
            self._disk.remove(new)
            raise BadInputError(f"the archive has no {PROGRAM}", where=release.file, mend="publish it anew")
        self._disk.sync_all(new)
        self._disk.make_folder(place.parent)
        with self._locked():
            before = self.state()
            if before.trial:
                raise BadInputError("another release came first", where=str(self._root), mend="let it have its start")
            self._disk.remove(place)  # what a power cut left there, known to no state
            self._disk.rename(new, place)
            self._disk.sync(place.parent)
            self._disk.sync(self._root)
            self._save(staged(before, release))
        self._disk.remove(part)

    def _place(self, number: int) -> Path:
        return self._root / "releases" / str(number)

    def _save(self, state: State) -> None:
        file, draft = self._root / "state.json", self._root / ".state.json"
        self._disk.write(draft, msgspec.json.encode(state) + b"\n")
        self._disk.sync(draft)
        self._disk.rename(draft, file)
        self._disk.sync(self._root)

    def _point_to(self, number: int) -> None:
        place = self._place(number)
        # A release that somebody removed by hand must not keep the box from starting.
        is_there = number != PACKAGED and (place / PROGRAM).is_file()
        target = place.relative_to(self._root) if is_there else self._packaged
        if self.current.is_symlink() and self.current.readlink() == target:
            return
        draft = self._root / ".current"
        self._disk.remove(draft)
        self._disk.link(draft, target)
        self._disk.rename(draft, self.current)
        self._disk.sync(self._root)

    def _tidy(self, state: State) -> None:
        """Remove the releases that nobody needs any more; what cannot be removed now is removed the next time."""
        if not (self._root / "releases").is_dir():
            return
        for place in (self._root / "releases").iterdir():
            if place.name not in map(str, state.kept):
                with suppress(OSError):
                    self._disk.remove(place)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
