"""Whether the box is muted, as it outlasts a restart and a power cut: a file in the state folder.

That the file is there is all that counts, whatever is in it: a mute that was half written is a mute.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from appliance.adapters.clock import utc
from appliance.errors import BadInputError

NAME: Final = "muted"


def is_latched(folder: Path) -> bool:
    """Say whether the box was muted when it last ran. Where that cannot be told it was: silence is the safe side."""
    try:
        return os.path.lexists(folder / NAME)
    except OSError:
        return True


def set_latch(folder: Path) -> None:
    """Mark the box as muted; safe from a power cut when this returns. Raises `OSError` where it cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(file, f"muted since {utc()}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)
    _sync(folder)


def clear_latch(folder: Path) -> None:
    """Take the mark away; gone for good when this returns. Raises `OSError` where it cannot be."""
    with suppress(FileNotFoundError):
        (folder / NAME).unlink()
        _sync(folder)


def refuse_muted(folder: Path) -> None:
    """Raise `BadInputError` where the box is muted: no tool of ours listens then."""
    if is_latched(folder):
        raise BadInputError("the box is muted", where=str(folder / NAME), mend="unmute it at its button first")


def _sync(folder: Path) -> None:
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
