"""What a disk may hold after the power was cut: everything that was synced, and of the rest whatever it likes.

A program runs with `shims/write_log.c`, which notes its writes and syncs. From these notes the state at any moment can
be made: of the writes since a file's last sync each 512-byte sector is there or not, in any combination. A file that
was unlinked may come back until the next sync of any file: the journals of ext4, XFS and the like keep that order.
"""

import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

SECTOR_BYTES: Final = 512
SOURCE: Final = Path(__file__).parent / "shims" / "write_log.c"
HEAD: Final = struct.Struct("=cQQQ")
MARKS: Final = "marks"


class Note(NamedTuple):
    """One thing that was done to a file: `kind` is w, t, s or u, `offset` of a truncation the new size."""

    kind: str
    name: str
    offset: int
    data: bytes


def write_log(folder: Path) -> Path:
    """Compile the shim."""
    if shutil.which("gcc") is None:
        pytest.skip("there is no C compiler: what a power cut leaves is not tried")
    library = folder / "write_log.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return library


def noted(program: str, folder: Path, *arguments: str, sync_us: int = 0) -> list[Note]:
    """Run a Python program whose first argument is a folder of its own, and give what it did to the files there."""
    work, log = folder / "work", folder / "log"
    work.mkdir()
    environment = os.environ | {
        "LD_PRELOAD": str(write_log(folder)), "WRITE_LOG": str(log), "WRITE_LOG_DIR": f"{work}/",
        "WRITE_LOG_SYNC_US": str(sync_us),
    }  # fmt: skip
    subprocess.run([sys.executable, "-c", program, str(work), *arguments], check=True, env=environment)
    return list(_read(log.read_bytes(), len(str(work)) + 1))


def _read(log: bytes, prefix: int) -> Iterator[Note]:
    at = 0
    while at < len(log):
        kind, path_bytes, offset, data_bytes = HEAD.unpack_from(log, at)
        at += HEAD.size
        path = log[at : at + path_bytes].decode()
        at += path_bytes
        yield Note(kind.decode(), path[prefix:], offset, log[at : at + data_bytes])
        at += data_bytes


class Disk:
    """The files of a folder after some notes: what is safe of each, and what was done to it since its last sync."""

    def __init__(self) -> None:
        self._safe: dict[str, bytes] = {}
        self._loose: dict[str, list[Note]] = {}

    def do(self, note: Note) -> None:
        if note.kind == "s":
            for name in [name for name, loose in self._loose.items() if loose[-1].kind == "u"]:
                del self._loose[name]
                self._safe.pop(name, None)
            content: bytes | None = self._safe.get(note.name, b"")
            for done in self._loose.pop(note.name, []):
                content = _done(content, done)
            if content is not None:
                self._safe[note.name] = content
        else:
            self._loose.setdefault(note.name, []).append(note)

    def after_power_cut(self, folder: Path, chance: random.Random) -> None:
        """Write files as a disk might hold them if the power went now."""
        share = chance.choice((0.0, 0.5, 0.5, 0.9, 1.0))
        for name in {*self._safe, *self._loose}:
            content = self._safe.get(name)
            for note in self._loose.get(name, []):
                if note.kind == "w":
                    content = _torn(content, note, chance, share)
                elif chance.random() < share:
                    content = _done(content, note)
            if content is not None:
                (folder / name).write_bytes(content)


def _done(content: bytes | None, note: Note) -> bytes | None:
    if note.kind == "u":
        return None
    old = content or b""
    if note.kind == "t":
        return old[: note.offset].ljust(note.offset, b"\0")
    return old[: note.offset].ljust(note.offset, b"\0") + note.data + old[note.offset + len(note.data) :]


def _torn(content: bytes | None, note: Note, chance: random.Random, share: float) -> bytes | None:
    """Do as much of a write as the disk cared to: each of its sectors is there or not."""
    for first in range(0, len(note.data), SECTOR_BYTES):
        if chance.random() < share:
            part = note.data[first : first + SECTOR_BYTES]
            content = _done(content, Note("w", note.name, note.offset + first, part))
    return content


def marked(notes: list[Note]) -> list[str]:
    """Give the lines that a program has written into its file of marks."""
    return b"".join(note.data for note in notes if note.name == MARKS and note.kind == "w").decode().split()
