"""The outbox on a real disk, from the loop's side."""

import asyncio
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from appliance.adapters.outbox import Outbox
from appliance.adapters.outbox_store import SEQ_BLOCK, OutboxStore
from appliance.delivery.envelope import UnfinishedCall
from appliance.delivery.messages import Envelope
from appliance.errors import BadInputError

from .outbox_drafts import call_ended, call_started, utterance


def with_outbox(path: Path, use: Callable[[Outbox], Awaitable[None]]) -> list[str | None]:
    """Run `use` on a started outbox, stop it, and give the faults that it reported."""
    faults: list[str | None] = []

    async def run() -> None:
        outbox = Outbox(path, faults.append)
        await outbox.start()
        try:
            await use(outbox)
        finally:
            await outbox.stop()

    asyncio.run(run())
    return faults


async def everything(outbox: Outbox, after: int = 0) -> list[Envelope]:
    await outbox.flush()
    return await outbox.read_after(after, 100_000)


def texts(envelopes: list[Envelope]) -> list[str]:
    return [envelope.event["text"] for envelope in envelopes]


def test_events_get_rising_numbers_and_come_back_as_they_went_in(tmp_path: Path) -> None:
    async def use(outbox: Outbox) -> None:
        for number in range(1, 4):
            outbox.append(utterance(number))
        envelopes = await everything(outbox)
        assert [envelope.seq for envelope in envelopes] == [1, 2, 3]
        assert texts(envelopes) == ["text 1", "text 2", "text 3"]
        assert envelopes[0].event["start_s"] == 1.0
        assert (outbox.committed, outbox.acknowledged, outbox.last_seq) == (3, 0, 3)

    assert with_outbox(tmp_path / "outbox.sqlite3", use) == []


def test_news_wakes_the_reader(tmp_path: Path) -> None:
    async def use(outbox: Outbox) -> None:
        outbox.append(utterance(1))
        await asyncio.wait_for(outbox.news.wait(), 5)
        assert texts(await outbox.read_after(0, 10)) == ["text 1"]

    with_outbox(tmp_path / "outbox.sqlite3", use)


def test_a_backlog_longer_than_memory_is_read_in_pieces_without_a_hole(tmp_path: Path) -> None:
    async def use(outbox: Outbox) -> None:
        for number in range(1, 3001):
            outbox.append(utterance(number))
        await outbox.flush()
        position, seen = 0, []
        while envelopes := await outbox.read_after(position, 97):
            seen += texts(envelopes)
            position = envelopes[-1].seq
        assert seen == [f"text {number}" for number in range(1, 3001)]

    with_outbox(tmp_path / "outbox.sqlite3", use)


def test_numbers_go_on_after_a_clean_stop_even_when_everything_was_deleted(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"

    async def first(outbox: Outbox) -> None:
        outbox.append(utterance(1))
        outbox.append(utterance(2))
        await outbox.flush()
        await outbox.resume(0)
        await outbox.read_after(0, 10)
        outbox.acknowledge(2)
        await outbox.flush()
        assert outbox.acknowledged == 2

    async def second(outbox: Outbox) -> None:
        assert (outbox.committed, outbox.last_seq) == (0, 2)
        outbox.append(utterance(3))
        assert [envelope.seq for envelope in await everything(outbox)] == [3]

    with_outbox(path, first)
    with_outbox(path, second)


def test_acknowledged_events_leave_the_file(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"

    async def use(outbox: Outbox) -> None:
        for number in range(1, 11):
            outbox.append(utterance(number))
        await everything(outbox)
        outbox.acknowledge(7)
        await outbox.flush()
        assert (outbox.committed, outbox.acknowledged) == (10, 7)

    with_outbox(path, use)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT min(seq), count(*) FROM events").fetchone() == (8, 3)
    db.close()


def test_the_file_and_its_folder_are_for_its_user_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "outbox.sqlite3"

    async def use(outbox: Outbox) -> None:
        outbox.append(utterance(1))
        await outbox.flush()
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    with_outbox(path, use)


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
        db.execute("PRAGMA user_version = 2")
    db.close()
    assert refusal(path) == "the outbox has format 2, this program knows formats up to 1"


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


def test_while_the_disk_does_not_answer_memory_is_bounded_and_what_was_dropped_is_declared(tmp_path: Path) -> None:
    async def run() -> None:
        outbox = Outbox(tmp_path / "outbox.sqlite3", lambda _: None, memory_events=5)
        await outbox.start()
        disk_answers = threading.Event()
        stuck = asyncio.create_task(outbox._ask(lambda _: disk_answers.wait(10)))
        await asyncio.sleep(0.05)
        for number in range(1, 11):
            outbox.append(utterance(number))
        disk_answers.set()
        assert await stuck
        events = [envelope.event for envelope in await everything(outbox)]
        assert [event.get("number") for event in events] == [6, 7, 8, 9, 10, None]
        assert (events[-1]["reason"], events[-1]["start_s"], events[-1]["end_s"]) == ("outbox_full", 1.0, 6.0)
        await outbox.stop()

    asyncio.run(run())


async def everything_is_fine(outbox: Outbox) -> None:
    await outbox.flush()


def test_a_new_box_moves_its_unsent_events_behind_what_the_server_has(tmp_path: Path) -> None:
    async def use(outbox: Outbox) -> None:
        for number in range(1, 4):
            outbox.append(utterance(number))
        assert len(await everything(outbox)) == 3
        await outbox.resume(5000)
        outbox.append(utterance(4))
        envelopes = await everything(outbox, 5000)
        assert texts(envelopes) == ["text 1", "text 2", "text 3", "text 4"]
        assert [envelope.seq for envelope in envelopes] == [5001, 5002, 5003, 5004]
        assert outbox.acknowledged == 0

    with_outbox(tmp_path / "outbox.sqlite3", use)


def test_a_box_whose_file_was_restored_from_a_copy_keeps_what_it_has_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"

    async def first(outbox: Outbox) -> None:
        outbox.append(utterance(1))
        await outbox.flush()
        await outbox.resume(0)

    async def later(outbox: Outbox) -> None:
        for number in range(2, 32):
            outbox.append(utterance(number))
        await outbox.flush()
        await outbox.resume(20)
        envelopes = await everything(outbox, 20)
        assert texts(envelopes) == [f"text {number}" for number in range(2, 32)]
        assert outbox.acknowledged == 1

    with_outbox(path, first)
    with_outbox(path, later)


def test_what_an_earlier_run_may_have_sent_keeps_its_number(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"

    async def first(outbox: Outbox) -> None:
        await outbox.resume(0)
        outbox.append(utterance(1))
        outbox.append(utterance(2))

    async def later(outbox: Outbox) -> None:
        await outbox.resume(1)
        assert [envelope.seq for envelope in await everything(outbox, 1)] == [2]

    with_outbox(path, first)
    with_outbox(path, later)


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
