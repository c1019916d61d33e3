"""Whether a call is on, for other programs of the box: a lock, which ends with the process that holds it."""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Final

FILE: Final = "in-call"

LOOK_EVERY_S: Final = 0.5
"""A call ends once in minutes; nobody minds half a second."""


class CallLock:
    """The device's end, in its state folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._handle: int | None = None

    def show(self, *, is_on: bool) -> None:
        """Show whether a call is on. What cannot be shown now (a full disk, a look at it) is tried the next time."""
        if is_on and self._handle is None:
            with contextlib.suppress(OSError):
                self._handle = _locked(self._file, fcntl.LOCK_SH)
        elif not is_on and self._handle is not None:
            os.close(self._handle)
            self._handle = None


def is_in_call(folder: Path) -> bool:
    """Tell whether a device with this state folder is in a call. Raises `OSError` when that cannot be seen."""
    try:
        handle = _locked(folder / FILE, fcntl.LOCK_EX, create=False)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    os.close(handle)
    return False


def wait_for_end(folder: Path, within_s: float) -> bool:
    """Wait until no call is on; gives False when one still is after so long. Raises as `is_in_call`."""
    deadline_s = time.monotonic() + within_s
    while is_in_call(folder):
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(LOOK_EVERY_S)
    return True


def _locked(file: Path, kind: int, *, create: bool = True) -> int:
    handle = os.open(file, os.O_RDONLY | (os.O_CREAT if create else 0) | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle
