"""Brings what was written to the disk, so that a power cut cannot take it back."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Bring a file's content, or a folder's entries, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(folder: Path) -> None:
    """Bring every file and entry to the disk, so that a power cut cannot leave a folder of empty files."""
    for path in (*folder.rglob("*"), folder):
        if not path.is_symlink():  # an entry of its folder, which may lead to what is not there
            sync(path)
