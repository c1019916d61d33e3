"""Whose the device's files are: root works on a box, and the device runs as a user of its own."""

import os
from pathlib import Path


def give_to_owner_of(folder: Path) -> None:
    """Give what root has made in a folder to the folder's owner, or the device could not read it.

    Only root's own files change hands, and links are not followed: nobody gets what was not made here. Anybody else
    than root has nothing to give away.
    """
    if os.geteuid() != 0 or not folder.is_dir():
        return
    owner = folder.stat()
    if owner.st_uid == 0:
        return
    for place in (path for path in folder.rglob("*") if path.lstat().st_uid == 0):
        os.chown(place, owner.st_uid, owner.st_gid, follow_symlinks=False)
