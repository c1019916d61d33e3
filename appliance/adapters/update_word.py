"""What the updater found when it looked the last time, kept beside the releases for `undertone doctor`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from appliance.adapters.update_disk import UpdateDisk

FILE: Final = "last-look.json"


class Word(msgspec.Struct, frozen=True):
    """One look: its outcome in a word, the release it is about, when it was, and what was wrong, with the mend."""

    outcome: str
    number: int = 0
    version: str = ""
    at: str = ""
    error: str = ""
    mend: str = ""


def keep_word(root: Path, word: Word) -> None:
    """Keep what was found; `at` becomes the time of now. A disk that has no space for it keeps the one before."""
    disk, file, draft = UpdateDisk(), root / FILE, root / f".{FILE}"
    dated = msgspec.structs.replace(word, at=datetime.now(UTC).isoformat(timespec="seconds"))
    try:
        disk.make_folder(root)
        disk.write(draft, msgspec.json.encode(dated) + b"\n")
        disk.rename(draft, file)
    except OSError:
        disk.remove(draft)


def last_word(root: Path) -> Word | None:
    """Give what was found the last time; None where nobody has looked, or it cannot be read."""
    try:
        return msgspec.json.decode((root / FILE).read_bytes(), type=Word)
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return None
