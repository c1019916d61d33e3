"""Work in a copy of this process, whose state stays as it is here."""

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

MAX_ANSWER_BYTES: Final = 1 << 20
"""Far more than the words of the longest utterance."""

_READ_BYTES: Final = 1 << 16


def in_a_copy(work: Callable[[], bytes], timeout_s: float) -> bytes:
    """Fork, do `work` in the child, give what it gave; empty where the child died or took longer.

    For a process with one thread, as a recognizer's worker is. The child shares this process's memory until it writes
    to it.
    """
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            os.close(readable)
            _write(writable, work())
        # Nothing of the parent's may run again in its child: no exit handlers, no flush of shared buffers.
        os._exit(0)
    os.close(writable)
    try:
        answer = _read(readable, time.monotonic() + timeout_s)
    finally:
        os.close(readable)
    if answer is None:
        os.kill(child, signal.SIGKILL)
    with suppress(ChildProcessError):  # whose children are waited for by the system
        os.waitpid(child, 0)
    return answer or b""


def _write(descriptor: int, answer: bytes) -> None:
    with open(descriptor, "wb") as pipe:
        pipe.write(answer)


def _read(descriptor: int, deadline_s: float) -> bytes | None:
    """Read until the other end is closed; None if that does not come in time, or never comes to an end."""
    answer = b""
    while len(answer) <= MAX_ANSWER_BYTES:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline_s - time.monotonic()))
        if not ready:
            return None
        piece = os.read(descriptor, _READ_BYTES)
        if not piece:
            return answer
        answer += piece
    return None
