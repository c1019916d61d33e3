"""The outbox on a real disk, from the loop's side."""

import asyncio
import sqlite3
import stat
import threading
from pathlib import Path

from appliance.adapters.outbox import Outbox

from .open_outbox import everything, texts, with_outbox
from .outbox_drafts import utterance


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
