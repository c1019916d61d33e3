import os
import signal
import sys
import time

from appliance.adapters.process_copy import MAX_ANSWER_BYTES, in_a_copy

LONG_S = 20.0


def test_what_the_copy_gives_comes_back_and_what_it_changes_does_not() -> None:
    state = ["as it was"]

    def work() -> bytes:
        state.append("changed")
        return f"{len(state)} {os.getpid()}".encode()

    count, copy = in_a_copy(work, LONG_S).split()
    assert (count, state) == (b"2", ["as it was"])
    assert int(copy) != os.getpid()


def test_an_answer_larger_than_a_pipe_comes_whole() -> None:
    answer = os.urandom(MAX_ANSWER_BYTES)
    assert in_a_copy(lambda: answer, LONG_S) == answer
    assert in_a_copy(lambda: answer + b"1", LONG_S) == b""


def test_a_copy_that_fails_or_dies_gives_nothing() -> None:
    def die() -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return b"never"

    assert in_a_copy(die, LONG_S) == b""
    assert in_a_copy(lambda: sys.exit(1), LONG_S) == b""
    assert in_a_copy(lambda: bytes(1 // int(b"0")), LONG_S) == b""


def test_a_copy_that_takes_too_long_is_ended() -> None:
    readable, writable = os.pipe()

    def hang() -> bytes:
        os.write(writable, str(os.getpid()).encode())
        time.sleep(LONG_S)
        return b"too late"

    assert in_a_copy(hang, 0.3) == b""
    copy = int(os.read(readable, 100))
    assert not os.path.exists(f"/proc/{copy}")  # noqa: PTH110 - no path of ours
    os.close(readable)
    os.close(writable)
