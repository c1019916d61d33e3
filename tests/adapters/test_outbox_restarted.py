"""An outbox that is opened again: after a crash, beside another program, or not at all."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.adapters.outbox import Outbox
from appliance.adapters.outbox_store import SCHEMA_VERSION, SEQ_BLOCK, OutboxStore
from appliance.delivery.envelope import UnfinishedCall
from appliance.errors import BadInputError

from .open_outbox import everything, texts, with_outbox
from .outbox_drafts import call_ended, call_started, utterance


def test_a_call_without_its_end_is_found_after_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"

    async def first(outbox: Outbox) -> None:
        for event in (call_started("a"), utterance(1, "a"), call_ended(40_000, "a")):
            outbox.append(event)
        for event in (call_started("b"), utterance(5, "b"), utterance(3, "b")):
            outbox.append(event)
        await everything(outbox)
        outbox.acknowledge(outbox.last_seq)

    async def second(outbox: Outbox) -> None:
        assert outbox.unfinished_calls() == [UnfinishedCall("b", 96_000)]
        outbox.append(call_ended(96_000, "b"))

    async def third(outbox: Outbox) -> None:
        assert outbox.unfinished_calls() == []

    for use in (first, second, third):
        with_outbox(path, use)


async def everything_is_fine(outbox: Outbox) -> None:
    await outbox.flush()


def refusal(path: Path) -> str:
    async def use(_: Outbox) -> None:
        pytest.fail("the outbox should not have started")

    with pytest.raises(BadInputError) as refused:
        with_outbox(path, use)
    assert refused.value.mend
    assert refused.value.where == str(path)
    return refused.value.what


def test_a_path_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be kept here: Not a directory" in refusal(tmp_path / "file" / "outbox.sqlite3")
    assert "cannot be kept here: Is a directory" in refusal(tmp_path)


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (a)")
    db.close()
    before = path.read_bytes()
    assert refusal(path) == "this is another program's database"
    assert path.read_bytes() == before


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    with_outbox(path, everything_is_fine)
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    known = f"this program knows formats up to {SCHEMA_VERSION}"
    assert refusal(path) == f"the outbox has format {SCHEMA_VERSION + 1}, {known}"


def test_a_second_program_cannot_open_the_outbox(tmp_path: Path) -> None:
    async def use(_: Outbox) -> None:
        with pytest.raises(BadInputError, match="another program uses this outbox"):
            await asyncio.to_thread(OutboxStore, tmp_path / "outbox.sqlite3")

    with_outbox(tmp_path / "outbox.sqlite3", use)


def test_an_outbox_that_did_not_start_can_be_stopped(tmp_path: Path) -> None:
    async def run() -> None:
        outbox = Outbox(tmp_path, lambda _: None)
        await outbox.stop()
        with pytest.raises(BadInputError):
            await outbox.start()
        await outbox.stop()

    asyncio.run(run())


ROOT = Path(__file__).parents[2]

WRITER = """
import sqlite3, sys
from pathlib import Path
from appliance.adapters.outbox_log import OutboxLog
from tests.adapters.outbox_drafts import utterance

def told(rows):
    sys.stdout.write("".join(f"{row.seq} {row.draft.event.decode()}\\n" for row in rows))
    sys.stdout.flush()

log = OutboxLog(Path(sys.argv[1]), told, lambda fault: None)
number = int(sys.argv[2])
while True:
    batch = [utterance(number + n) for n in range(1 + number % 3)]
    log.receive_drafts(batch)
    number += len(batch)
"""


def test_a_hundred_kills_lose_nothing_that_was_committed_and_reuse_no_number(tmp_path: Path) -> None:
    path, chance = tmp_path / "outbox.sqlite3", random.Random(3)
    told: list[tuple[int, str]] = []
    for life in range(100):
        command = [sys.executable, "-c", WRITER, str(path), str(life * 100_000)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            time.sleep(chance.uniform(0, 0.02))
            writer.send_signal(signal.SIGKILL)
            lines = [first, *writer.stdout.read().splitlines(keepends=True)]
        told += [(int(seq), event) for seq, event in (line.split(" ", 1) for line in lines if line.endswith("\n"))]

    async def use(outbox: Outbox) -> None:
        stored = {envelope.seq: envelope for envelope in await everything(outbox)}
        assert list(stored) == sorted(stored)
        numbers = [seq for seq, _ in told]
        assert numbers == sorted(set(numbers))
        assert set(numbers) <= set(stored)
        assert all(f'"text":"{stored[seq].event["text"]}"' in event for seq, event in told)
        said = texts(list(stored.values()))
        assert len(said) == len(set(said))

    with_outbox(path, use)


def test_a_crash_costs_a_block_of_numbers_and_a_clean_stop_none(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    command = [sys.executable, "-c", WRITER.replace("while True", "while number < 1"), str(path), "0"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)

    async def use(outbox: Outbox) -> None:
        assert outbox.last_seq == SEQ_BLOCK
        assert texts(await everything(outbox)) == ["text 0"]

    with_outbox(path, use)
