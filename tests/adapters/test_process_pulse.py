"""Whether a process hangs, told of real ones; and what a worker's end does with the one and with the other."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.adapters.process_pulse import HangWatch, Pulse, pulse
from appliance.adapters.recognizer_host import LENGTH_BYTES, pack
from appliance.adapters.recognizer_worker import Ears, Worker
from appliance.speech.recognizer import EndUtterance, Hypothesis

from .listening import Ear

HUNG_S = 20.0
HUNG_SOON_S = 1.0
BUSY = Pulse(3.0, sleeps=False)
SPINS = "while True: pass"
SLEEPS = "import time; time.sleep(60)"
WORKS = "import time\nwhile True:\n    sum(range(100_000)); time.sleep(0.01)"
"""Slowly, as one of many on a busy box does."""


@contextmanager
def process(program: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen((sys.executable, "-S", "-c", program)) as running:
        yield running
        running.kill()


async def seen(pid: int, *, sleeps: bool) -> None:
    while (beat := pulse(pid)) is None or beat.sleeps != sleeps:  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0.005)


def hangs_at(beats: Sequence[Pulse | None], answers: list[int]) -> int | None:
    """Give at which look a process that always owes an answer is taken to hang."""
    watch = HangWatch(HUNG_S)
    looks = (watch.receive_look(beat, owes=True, answers=given) for beat, given in zip(beats, answers, strict=True))
    return next((number for number, hangs in enumerate(looks) if hangs), None)


def test_a_process_that_waits_for_nothing_but_a_processor_is_slow_however_long_it_takes() -> None:
    starved = [Pulse(3.0 + 0.2 * number, sleeps=number % 2 == 0) for number in range(80)]
    assert hangs_at(starved, [7] * 80) is None
    assert hangs_at([BUSY] * 80, [7] * 80) is None


def test_a_process_that_does_nothing_and_one_that_never_comes_to_an_end_hang() -> None:
    assert hangs_at([Pulse(3.0, sleeps=True)] * 8, [7] * 8) == 4
    assert hangs_at([Pulse(3.0 + 5 * number, sleeps=False) for number in range(8)], [7] * 8) == 4
    assert hangs_at([None] * 8, [7] * 8) == 4
    deadlocked = [BUSY, Pulse(5.0, sleeps=False), *[Pulse(8.0, sleeps=True)] * 6]
    assert hangs_at(deadlocked, [7] * 8) == 6


def test_a_stop_of_everything_for_a_while_is_no_hang_however_long_it_was() -> None:
    stopped = [Pulse(0.2 * min(number, 9) + 0.2 * max(0, number - 10), sleeps=number == 10) for number in range(30)]
    assert hangs_at(stopped, [7] * 30) is None


@given(st.lists(st.sampled_from([None, BUSY, Pulse(3.0, sleeps=True), Pulse(99.0, sleeps=False)]), max_size=30))
def test_a_process_that_answers_between_the_looks_never_hangs(beats: list[Pulse | None]) -> None:
    assert hangs_at(beats, list(range(len(beats)))) is None


def test_work_sleep_and_a_stop_are_told_apart_in_real_processes() -> None:
    async def run() -> None:
        with process(SPINS) as spinning, process(SLEEPS) as sleeping:
            await seen(sleeping.pid, sleeps=True)
            await seen(spinning.pid, sleeps=False)
            os.kill(spinning.pid, signal.SIGSTOP)
            await seen(spinning.pid, sleeps=True)
        assert pulse(spinning.pid) is None

    asyncio.run(asyncio.wait_for(run(), 30))


@pytest.mark.parametrize("program", [SLEEPS, WORKS])
def test_a_worker_that_sleeps_over_an_answer_is_ended_alone_and_one_that_works_is_waited_for(program: str) -> None:
    lines: list[socket.socket] = []

    async def run(running: subprocess.Popen[bytes]) -> None:
        ear, loop = Ear(), asyncio.get_running_loop()

        async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            ours, theirs = socket.socketpair()
            lines.append(theirs)
            theirs.sendall(running.pid.to_bytes(LENGTH_BYTES, "little"))
            late_s = 2 * HUNG_SOON_S if len(lines) == 1 else 0.0
            loop.call_later(late_s, theirs.sendall, pack(Hypothesis(1, True, 0, ())))
            return await asyncio.open_connection(sock=ours)

        ears = Ears(ear.hear, ear.lose, ear.drop)
        worker = Worker("1", connect, ears, kill_host=pytest.fail, hung_s=HUNG_SOON_S)
        working = asyncio.create_task(worker.run())
        worker.send(EndUtterance("caller", 1))
        await asyncio.wait_for(worker.idle(), 30)
        assert len(lines) == (2 if program == SLEEPS else 1)
        assert ear.final(1).words == ()
        working.cancel()
        await asyncio.wait((working,))

    with process(program) as running:
        asyncio.run(run(running))
        for line in lines:
            line.close()
        assert (running.poll() is not None) == (program == SLEEPS)
