"""The mute: at once, shown from the truth, and still there after whatever happens to the box."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from appliance.adapters.capture import Capture
from appliance.adapters.mute_latch import NAME, is_latched, refuse_muted, set_latch
from appliance.adapters.mute_switch import MuteSwitch
from appliance.errors import BadInputError


class Line:
    """A line with one source that stops when it is told to, and says so when `stopped` is called."""

    def __init__(self) -> None:
        self.capture = Capture()
        self.orders = 0

    def listen(self) -> None:
        self.capture.opened(self, self._stop)

    def stopped(self) -> None:
        self.capture.closed(self)

    def _stop(self) -> None:
        self.orders += 1


@contextlib.asynccontextmanager
async def running(line: Line, folder: Path) -> AsyncIterator[tuple[MuteSwitch, list[bool]]]:
    """Run a switch; the list has what it showed at each change."""
    shown: list[bool] = []
    switch = MuteSwitch(line.capture, folder, lambda: shown.append(switch.is_muted))
    task = asyncio.create_task(switch.run())
    try:
        yield switch, shown
    finally:
        task.cancel()
        await asyncio.wait((task,))


def agree(switch: MuteSwitch, folder: Path, *, wanted: bool) -> bool:
    return switch.is_muted == wanted == is_latched(folder)


async def until(found: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not found():  # noqa: ASYNC110 - there is no event for all that is waited for
            await asyncio.sleep(0.005)


def test_the_source_is_stopped_before_the_press_returns_and_shown_only_when_it_has(tmp_path: Path) -> None:
    async def run() -> None:
        line = Line()
        line.listen()
        async with running(line, tmp_path) as (switch, shown):
            switch.toggle()
            assert line.orders == 1
            await until(lambda: is_latched(tmp_path))
            await asyncio.sleep(0.05)
            assert not switch.is_muted, "the line still captures"
            assert not any(shown)
            line.stopped()
            assert shown[-1]

    asyncio.run(run())


def test_a_source_that_opens_late_is_told_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        line = Line()
        async with running(line, tmp_path) as (switch, _):
            switch.toggle()
            line.listen()
            assert line.orders == 1

    asyncio.run(run())


def test_it_is_shown_as_muted_only_once_the_latch_is_on_the_disk(tmp_path: Path) -> None:
    async def run() -> None:
        line = Line()
        async with running(line, tmp_path) as (switch, _):
            switch.toggle()
            assert not switch.is_muted
            await until(lambda: switch.is_muted)
            assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
            switch.toggle()
            await until(lambda: not line.capture.muted())
            assert not is_latched(tmp_path)
            assert not switch.is_muted

    asyncio.run(run())


def test_a_box_that_was_muted_is_muted_from_the_beginning(tmp_path: Path) -> None:
    async def run() -> None:
        set_latch(tmp_path)
        line = Line()
        async with running(line, tmp_path) as (switch, _):
            assert line.capture.muted()
            assert switch.is_muted
            switch.toggle()
            await until(lambda: not switch.is_muted)

    asyncio.run(run())


def test_where_the_latch_cannot_be_written_the_mute_holds_and_the_fault_shows(tmp_path: Path) -> None:
    async def run() -> None:
        file = tmp_path / "file"
        file.touch()
        line = Line()
        async with running(line, file / "state") as (switch, _):
            switch.toggle()
            await until(lambda: switch.is_failing)
            assert switch.is_muted
            assert line.capture.muted()

    asyncio.run(run())


def test_where_the_latch_cannot_be_taken_away_the_box_stays_muted(tmp_path: Path) -> None:
    async def run() -> None:
        (tmp_path / NAME).mkdir()  # cannot be unlinked, not even by root
        line = Line()
        async with running(line, tmp_path) as (switch, _):
            switch.toggle()
            await until(lambda: switch.is_failing)
            assert switch.is_muted
            (tmp_path / NAME).rmdir()
            switch.toggle()
            await until(lambda: not switch.is_muted)
            assert not switch.is_failing

    asyncio.run(run())


def test_what_was_pressed_last_is_what_stays_however_fast_one_presses(tmp_path: Path) -> None:
    async def run() -> None:
        line = Line()
        async with running(line, tmp_path) as (switch, _):
            for presses in (2, 3, 4, 1):
                wanted = line.capture.muted() != bool(presses % 2)
                for _ in range(presses):
                    switch.toggle()
                    await asyncio.sleep(0)
                await until(partial(agree, switch, tmp_path, wanted=wanted))

    asyncio.run(run())


def test_a_power_cut_right_behind_the_latch_leaves_it_there(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys, pathlib; from appliance.adapters.mute_latch import set_latch;"
        "set_latch(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert is_latched(tmp_path)
    with pytest.raises(BadInputError, match="muted"):
        refuse_muted(tmp_path)
