"""Brings the files of a model into an empty folder, from a zip archive or a folder that nobody vouches for yet."""

import hashlib
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from appliance.errors import BadInputError
from appliance.models.manifest import FileFact

MAX_FILES = 1000  # a model has a few dozen
MAX_UNPACKED_BYTES = 8 * 1024**3  # twice the largest published model
# Kaldi's graphs shrink to a third or so. An archive that grows more than this is built to fill the disk.
MAX_GROWTH = 100
SPARE_BYTES = 64 * 1024**2  # what must stay free on the disk beside the model
CHUNK_BYTES = 1024 * 1024

FLAG_ENCRYPTED = 0x1  # bit 0 of the general purpose flags (APPNOTE.TXT 4.4.4)


class ArchiveError(BadInputError):
    """The archive or folder is damaged or not a model; another source may be good."""


def unpack(archive: Path, into: Path, *, folder: str = "") -> None:
    """Unpack the files under `folder` of the archive into the empty folder `into`.

    Without `folder` a single top folder that holds everything is left out. Refuses links, paths that lead outside,
    encrypted files, and archives that would fill the disk.
    Raises `ArchiveError`, and `BadInputError` when the disk is too small.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened, archive)
            prefix = f"{folder}/" if folder else _common_folder(members)
            chosen = {name.removeprefix(prefix): info for name, info in members.items() if name.startswith(prefix)}
            if not chosen:
                raise ArchiveError(f"holds nothing in {folder or 'it'}", where=archive.name)
            _require_space(into, sum(info.file_size for info in chosen.values()))
            for name, info in chosen.items():
                with opened.open(info) as source:
                    _write(source, into / name, info.file_size, archive)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise ArchiveError(f"holds {error.filename!r} as a file and as a folder", where=archive.name) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise ArchiveError(f"is not a good zip archive ({error})", where=archive.name) from error


def copy_folder(source: Path, into: Path) -> None:
    """Copy a model's folder into the empty folder `into`, under the same limits as `unpack`."""
    files = {}
    for path in sorted(source.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ArchiveError(f"{path.name} is a link or a special file", where=str(source))
        if path.is_file():
            files[path.relative_to(source)] = path
    _require_few([path.stat().st_size for path in files.values()], str(source))
    _require_space(into, sum(path.stat().st_size for path in files.values()))
    for name, path in files.items():
        with path.open("rb") as opened:
            _write(opened, into / name, path.stat().st_size, source)


def file_facts(folder: Path) -> dict[str, FileFact]:
    """Give size and hash of every file below the folder, by its path inside."""
    return {
        path.relative_to(folder).as_posix(): FileFact(bytes=path.stat().st_size, sha256=file_sha256(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def file_sha256(path: Path) -> str:
    """Give the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _members(opened: zipfile.ZipFile, archive: Path) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in opened.infolist():
        _require_plain(info, archive)
        if info.is_dir():
            continue
        if info.filename in members:
            raise ArchiveError(f"holds {info.filename!r} twice", where=archive.name)
        members[info.filename] = info
    _require_few([info.file_size for info in members.values()], archive.name)
    for info in members.values():
        if info.file_size > MAX_GROWTH * max(info.compress_size, CHUNK_BYTES):
            raise ArchiveError(f"{info.filename!r} unpacks to {info.file_size} bytes", where=archive.name)
    return members


def _require_plain(info: zipfile.ZipInfo, archive: Path) -> None:
    name = PurePosixPath(info.filename)
    if name.is_absolute() or ".." in name.parts or "\\" in info.filename or not name.parts or name.parts[0] == "~":
        raise ArchiveError(f"holds a path that leads outside: {info.filename!r}", where=archive.name)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise ArchiveError(f"holds a link or a special file: {info.filename!r}", where=archive.name)
    if info.flag_bits & FLAG_ENCRYPTED or info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ArchiveError(f"holds a file packed in an unusual way: {info.filename!r}", where=archive.name)


def _require_few(sizes_bytes: list[int], where: str) -> None:
    if len(sizes_bytes) > MAX_FILES:
        raise ArchiveError(f"holds {len(sizes_bytes)} files, more than {MAX_FILES}", where=where)
    if sum(sizes_bytes) > MAX_UNPACKED_BYTES:
        raise ArchiveError(f"holds {sum(sizes_bytes)} bytes, more than {MAX_UNPACKED_BYTES}", where=where)


def _require_space(folder: Path, needed_bytes: int) -> None:
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes + SPARE_BYTES:
        raise BadInputError(
            f"the disk is too full: {needed_bytes} bytes are needed, {free_bytes} are free",
            where=str(folder),
            mend="free space, or set UNDERTONE_HOME to a folder on another disk",
        )


def _common_folder(members: dict[str, zipfile.ZipInfo]) -> str:
    tops = {name.partition("/")[0] for name in members}
    nested = all("/" in name for name in members)
    # A model whose only folder is `am` is broken, but `am` is still no wrapping.
    return f"{tops.pop()}/" if nested and len(tops) == 1 else ""


def _write(source: IO[bytes], target: Path, size_bytes: int, archive: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        written_bytes = 0
        while chunk := source.read(CHUNK_BYTES):
            written_bytes += len(chunk)
            if written_bytes > size_bytes:
                break
            file.write(chunk)
        if written_bytes != size_bytes:
            raise ArchiveError(f"{target.name} has another size than declared", where=archive.name)
