"""What the outbox does when the disk is full or its file is damaged: with a real, small disk where one can be had."""

import os
from pathlib import Path

from appliance.adapters.outbox_log import RETRY_S, OutboxLog
from appliance.delivery.envelope import Draft, Row, head

from .outbox_drafts import call_started, utterance
from .small_disk import fill, small_disk

__all__ = ["small_disk"]


class Box:
    """An outbox without its thread: what it told, and a clock that a test can turn."""

    def __init__(self, path: Path, memory_events: int = 10_000) -> None:
        self.told: list[Row] = []
        self.faults: list[str | None] = []
        self.now_s = 0.0
        self.log = OutboxLog(
            path, self.told.extend, self.faults.append, memory_events=memory_events, monotonic_s=lambda: self.now_s
        )

    def receive(self, *drafts: Draft) -> None:
        self.log.receive_drafts(drafts)

    def later(self) -> None:
        self.now_s += RETRY_S
        self.log.rest()

    def kept(self) -> list[str]:
        return [told(row) for row in self.log.read_after(0, 1_000_000)]


def told(row: Row) -> str:
    event = head(row.draft.event)
    return str(event.number) if event.type == "utterance" else event.type


def span_s(row: Row) -> tuple[float, float]:
    event = head(row.draft.event)
    return event.start_sample / 16_000, event.end_sample / 16_000


def fill_the_log(box: Box, number: int) -> int:
    """Say things until the disk under the outbox is full; gives the next number."""
    while "outbox_full" not in box.faults:
        box.receive(utterance(number))
        number += 1
    return number


def test_a_full_disk_is_told_and_events_go_on_and_are_kept_when_it_is_mended(small_disk: Path) -> None:
    box = Box(small_disk / "outbox.sqlite3")
    box.receive(utterance(1))
    ballast = fill(small_disk)
    first_lost = fill_the_log(box, 2) - 1
    box.receive(utterance(first_lost + 1))
    assert box.faults == ["outbox_full"]
    assert [told(row) for row in box.told] == [str(number) for number in range(1, first_lost + 2)]
    assert box.log.committed == first_lost - 1

    ballast.unlink()
    box.later()
    assert box.faults == ["outbox_full", None]
    said = [*(str(number) for number in range(1, first_lost + 2)), "gap"]
    assert [told(row) for row in box.told] == box.kept() == said
    assert [row.seq for row in box.told] == list(range(1, len(said) + 1))
    assert span_s(box.told[-1]) == (first_lost, first_lost + 2)
    assert box.log.committed == len(said)
    box.log.close()


def test_what_was_acknowledged_while_the_disk_was_full_is_not_saved_and_the_gap_is_declared(small_disk: Path) -> None:
    box = Box(small_disk / "outbox.sqlite3")
    ballast = fill(small_disk)
    fill_the_log(box, 1)
    box.log.acknowledge(box.log.last_seq)
    ballast.unlink()
    box.later()
    assert box.kept() == ["gap"]
    box.log.close()


def test_a_number_given_while_the_disk_was_full_is_not_given_again_after_a_crash(small_disk: Path) -> None:
    path = small_disk / "outbox.sqlite3"
    box = Box(path)
    ballast = fill(small_disk)
    fill_the_log(box, 1)
    sent = {row.seq for row in box.told}
    box.log._store.close()  # as a kill leaves it
    ballast.unlink()

    again = Box(path)
    again.receive(utterance(1000))
    assert again.told[0].seq not in sent
    again.log.close()


def test_a_box_that_starts_on_a_full_disk_sends_live_with_the_servers_numbers(small_disk: Path) -> None:
    ballast = fill(small_disk)
    box = Box(small_disk / "outbox.sqlite3")
    assert box.faults == ["outbox_full"]
    box.receive(utterance(1), utterance(2))
    assert box.told == []
    box.log.resume(40, 0)
    assert [(row.seq, told(row)) for row in box.told] == [(41, "1"), (42, "2")]

    ballast.unlink()
    box.later()
    box.receive(utterance(3))
    assert [(row.seq, told(row)) for row in box.told[2:]] == [(43, "gap"), (44, "3")]
    assert box.kept() == ["1", "2", "gap", "3"]
    box.log.close()


def limit_pages(box: Box, extra: int) -> None:
    """Let the database grow by `extra` pages only: SQLite's own full disk, for machines where nothing is mounted."""
    db = box.log._store._db  # a disk can be filled from outside, this limit cannot be set from there
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + extra}")


def test_a_database_that_cannot_grow_is_a_full_disk(tmp_path: Path) -> None:
    box = Box(tmp_path / "outbox.sqlite3")
    limit_pages(box, 1)
    number = fill_the_log(box, 1)
    box.receive(call_started("c2"), utterance(7, "c2"))
    limit_pages(box, 1000)
    box.later()
    kept = box.kept()
    assert kept == [*(str(n) for n in range(1, number)), "call_started", "7", "gap", "gap"]
    assert [row.draft.call for row in box.told[-2:]] == ["c1", "c2"]
    assert span_s(box.told[-1]) == (0, 8)
    assert box.faults == ["outbox_full", None]
    box.log.close()


def test_a_new_box_whose_disk_fills_moves_its_unsaved_events_behind_what_the_server_has(tmp_path: Path) -> None:
    box = Box(tmp_path / "outbox.sqlite3")
    limit_pages(box, 0)
    first_lost = fill_the_log(box, 1) - 1
    limit_pages(box, 1000)
    box.receive(utterance(first_lost + 1))
    assert box.faults == ["outbox_full"]
    box.log.resume(50_000, 0)
    rows = box.log.read_after(0, 10_000)
    assert [told(row) for row in rows] == [str(number) for number in range(1, first_lost + 2)]
    assert [row.seq for row in rows] == sorted({row.seq for row in rows})
    assert rows[0].seq > 50_000
    box.log.close()


def test_when_memory_is_full_as_well_the_oldest_go_and_are_declared(tmp_path: Path) -> None:
    box = Box(tmp_path / "outbox.sqlite3", memory_events=5)
    limit_pages(box, 0)
    first_lost = fill_the_log(box, 1) - 1
    for number in range(first_lost + 1, first_lost + 20):
        box.receive(utterance(number))
    limit_pages(box, 1000)
    box.later()
    last = first_lost + 19
    assert box.kept()[first_lost - 1 :] == [*(str(n) for n in range(last - 4, last + 1)), "gap"]
    assert span_s(box.told[-1]) == (first_lost, last + 1)
    box.log.close()


def test_a_disk_that_failed_is_tried_again_only_after_a_while(tmp_path: Path) -> None:
    box = Box(tmp_path / "outbox.sqlite3")
    limit_pages(box, 0)
    number = fill_the_log(box, 1)
    limit_pages(box, 1000)
    box.receive(utterance(number))
    assert box.faults == ["outbox_full"]
    box.later()
    assert box.faults == ["outbox_full", None]
    box.log.close()


def with_backlog(path: Path, events: int) -> None:
    box = Box(path)
    box.log.resume(0, 0)
    box.receive(call_started(), *(utterance(number) for number in range(1, events)))
    box.log.close()


def damage(path: Path, start: int, end: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(os.urandom(min(end, path.stat().st_size) - start))


def test_a_file_of_garbage_is_kept_aside_and_the_loss_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    with_backlog(path, 10)
    damage(path, 0, 1 << 20)
    box = Box(path)
    assert (tmp_path / "outbox.sqlite3.corrupt-1").exists()
    box.later()
    box.receive(utterance(77))
    assert box.faults == ["outbox_broken", None]
    assert box.kept() == ["gap", "77"]
    assert box.told[0].draft.call == "unknown"
    box.log.close()
    assert Box(path).faults == []


def test_after_damage_new_events_are_numbered_behind_what_the_server_has(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    with_backlog(path, 10)
    damage(path, 0, 1 << 20)
    box = Box(path)
    box.receive(utterance(77))
    box.log.resume(9, 0)
    assert min(row.seq for row in box.log.read_after(0, 10)) > 9
    box.log.close()


def test_what_can_be_read_of_a_damaged_file_is_saved(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    with_backlog(path, 2000)
    size = path.stat().st_size
    damage(path, size // 2, size // 2 + 8192)
    box = Box(path)
    kept = box.kept()
    assert box.faults == ["outbox_broken"]
    box.later()
    assert box.faults == ["outbox_broken", None]
    kept = box.kept()
    assert kept[0] == "call_started"
    assert "1" in kept
    assert "1999" in kept
    assert len(kept) > 1500
    assert told(box.told[-1]) == "gap"
    assert box.told[-1].draft.call == "c1"
    seqs = [row.seq for row in box.log.read_after(0, 10_000)]
    assert seqs == sorted(set(seqs))
    assert box.log.last_seq == seqs[-1] > 2000
    box.log.close()


def test_a_file_damaged_under_the_running_program_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    box = Box(path)
    for number in range(1, 2000):
        box.receive(utterance(number))
    box.log._store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # or the log would mend the damage
    box.log._store._db.execute("PRAGMA cache_size = 0")  # and the cache hide it
    damage(path, 0, 1 << 20)
    for number in range(2000, 4000):
        box.receive(utterance(number))
        box.now_s += RETRY_S
    assert box.faults == ["outbox_broken", None]
    kept = box.kept()
    assert "gap" in kept
    assert kept[-1] == "3999"
    assert [row.seq for row in box.told] == sorted({row.seq for row in box.told})
    box.log.close()


def test_damaged_files_do_not_pile_up(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    for _ in range(8):
        with_backlog(path, 10)
        damage(path, 0, 1 << 20)
        Box(path).log.close()
    assert len(list(tmp_path.glob("*.corrupt-*"))) == 5
