"""The few things that an update does to the disk, so that a test can cut the power between any two of them."""

import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from appliance.adapters.durable import sync, sync_all
from appliance.errors import BadInputError

ARCHIVE_MEND = "make the release anew: tar -C FOLDER -czf FILE ."


class UpdateDisk:
    """What changes the disk. Nothing is safe from a power cut before it, or the folder that names it, was synced."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder, and those above it, that the device's user may look into whatever the umask of the unit is."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)

    def unpack(self, archive: Path, folder: Path) -> None:
        """Unpack a release into an empty folder. Raises `BadInputError` for what is no archive."""
        try:
            with tarfile.open(archive) as tar:
                members = _members(tar, archive)
                # Whoever signed it decides what runs here, and links to the system's Python lead outside on purpose.
                tar.extraction_filter = lambda member, _folder: member
                tar.extractall(folder, members)  # noqa: S202  names were looked at
                # Once more: where the unit forbids to change owners, tarfile leaves the modes as they are, too.
                for member in members:
                    if member.isreg():
                        (folder / member.name).chmod(member.mode)
                for inner in folder.rglob("*"):
                    if inner.is_dir() and not inner.is_symlink():
                        inner.chmod(0o755)
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise BadInputError(
                f"the archive cannot be unpacked: {error}", where=archive.name, mend=ARCHIVE_MEND
            ) from error

    def write(self, file: Path, content: bytes) -> None:
        """Write a new file, for all to read whatever the umask is: the device asks whether it is on trial."""
        file.write_bytes(content)
        file.chmod(0o644)

    def link(self, link: Path, target: Path) -> None:
        """Make a new symbolic link."""
        link.symlink_to(target)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file, a link or a folder its name, in place of a file or link that had it."""
        old.replace(new)

    def sync(self, path: Path) -> None:
        """Bring a file's content, or a folder's entries, to the disk."""
        sync(path)

    def sync_all(self, folder: Path) -> None:
        """Bring a folder to the disk with all that is in it."""
        sync_all(folder)

    def remove(self, path: Path) -> None:
        """Remove a file, a link or a folder with all that is in it; it need not be there."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def unpacked_bytes(archive: Path) -> int:
    """Give how much space a release takes when it is unpacked. Raises `BadInputError` for what is no release."""
    try:
        with tarfile.open(archive) as tar:
            members = _members(tar, archive)
            names = {str(PurePosixPath(member.name)) for member in members}
            if "bin/undertone" not in names:
                raise BadInputError("the archive has no bin/undertone", where=str(archive), mend=ARCHIVE_MEND)
            return sum(member.size for member in members)
    except (OSError, tarfile.TarError, EOFError, zlib.error) as error:
        raise BadInputError(f"cannot be read as an archive: {error}", where=str(archive), mend=ARCHIVE_MEND) from error


def _members(tar: tarfile.TarFile, archive: Path) -> list[tarfile.TarInfo]:
    """Give what is in an archive: inside of its folder, ours, for all to read and nobody else to write to."""
    members = tar.getmembers()
    for member in members:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or member.isdev():
            raise BadInputError(
                f"{member.name!r} would lie outside of the release", where=archive.name, mend=ARCHIVE_MEND
            )
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return members
