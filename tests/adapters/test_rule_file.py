"""A rule pack on a real disk, changed while it is in use."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from appliance.adapters.rule_file import RuleFile, load_rules
from appliance.errors import BadInputError
from appliance.toml_table import MAX_FILE_BYTES

from ..rule_packs import pack

LONG_S = 10.0
"""Ten times as long as a change takes; a busy machine may need it."""


class Watched:
    """A rule file with what was told of it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "rules.toml"
        self.write("1")
        self.versions: list[str] = []
        self.refused: list[BadInputError] = []

    def write(self, version: str) -> None:
        self.file.write_text(pack(version=version))

    async def __aenter__(self) -> Self:
        rules = load_rules(self.file, "en")
        watcher = RuleFile(self.file, rules, lambda new: self.versions.append(new.version), self.refused.append)
        self._task = asyncio.create_task(watcher.run())
        await asyncio.sleep(0.1)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)

    async def until(self, told: Callable[[], bool]) -> None:
        async with asyncio.timeout(LONG_S):
            while not told():  # noqa: ASYNC110 - what is waited for is told by a plain call
                await asyncio.sleep(0.02)


def test_a_changed_file_is_taken_without_being_asked(tmp_path: Path) -> None:
    async def run() -> None:
        async with Watched(tmp_path) as watched:
            watched.write("2")
            await watched.until(lambda: watched.versions == ["2"])
            assert watched.refused == []

    asyncio.run(run())


def test_on_sighup_it_is_read_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with Watched(tmp_path) as watched:
            watched.write("2")
            os.kill(os.getpid(), signal.SIGHUP)
            async with asyncio.timeout(0.9):
                await watched.until(lambda: watched.versions == ["2"])

    asyncio.run(run())


def test_a_bad_pack_is_refused_whole_and_once_and_a_good_one_after_it_is_taken(tmp_path: Path) -> None:
    async def run() -> None:
        async with Watched(tmp_path) as watched:
            watched.file.write_text(pack(version="2").replace('"lawyer"', '"liar"'))
            await watched.until(lambda: len(watched.refused) > 0)
            await asyncio.sleep(2.5)
            (error,) = watched.refused
            assert "line 10" in str(error)
            assert error.mend == "add [phrases.NAME], or use one of: lawyer"
            assert watched.versions == []
            watched.write("3")
            await watched.until(lambda: watched.versions == ["3"])

    asyncio.run(run())


def test_a_file_that_vanishes_is_told_and_the_pack_stays(tmp_path: Path) -> None:
    async def run() -> None:
        async with Watched(tmp_path) as watched:
            watched.file.unlink()
            await watched.until(lambda: len(watched.refused) == 1)
            assert "cannot be read" in str(watched.refused[0])
            watched.write("1")
            await asyncio.sleep(2.5)
            assert watched.versions == []

    asyncio.run(run())


def test_no_more_of_a_huge_file_is_read_than_tells_that_it_is_too_large(tmp_path: Path) -> None:
    huge = tmp_path / "call.wav"
    with huge.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(BadInputError, match=f"larger than {MAX_FILE_BYTES // 1024} KiB"):
        load_rules(huge, "en")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="the rules cannot be read") as error:
        load_rules(tmp_path / "none.toml", "en")
    assert error.value.mend == "check the path and its rights"


def test_a_language_without_a_pack_has_no_rules() -> None:
    assert load_rules(None, "xx").rules == ()
    assert load_rules(None, "en-GB").rules
