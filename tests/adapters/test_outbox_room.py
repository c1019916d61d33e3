"""A server that is away for longer than there is room: the oldest go, declared, and alerts last."""

import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.adapters.outbox_log import OutboxLog
from appliance.adapters.outbox_room import KEEP_NEWEST, UNKNOWN_CALL
from appliance.delivery.envelope import Draft, Row
from appliance.events import Alert, Utterance

from .outbox_drafts import call_ended, call_started, draft, utterance

CALL_EVENTS = 400
A_DAY_OF_EVENTS = 24 * 3600 * 2


def alert(number: int, call: str) -> Draft:
    raised = Alert(who="caller", start_sample=0, end_sample=16_000, alert=number, level="urgent", rule="r", evidence=())
    return draft(raised, call)


def long_utterance(number: int, call: str) -> Draft:
    start = number * 16_000
    said = Utterance(
        who="caller", start_sample=start, end_sample=start + 16_000, number=number, text="word " * 60, words=()
    )
    return draft(said, call)


def a_call(name: str, events: int = CALL_EVENTS) -> list[Draft]:
    said = [long_utterance(number, name) for number in range(1, events + 1)]
    return [call_started(name), *said, alert(1, name), call_ended(events * 16_000, name)]


def open_log(path: Path, limit_bytes: int) -> tuple[OutboxLog, list[Row]]:
    told: list[Row] = []
    return OutboxLog(path, told.extend, lambda _: None, backlog_bytes=limit_bytes), told


def kinds(rows: list[Row]) -> Counter[str]:
    return Counter(event(row)["type"] for row in rows)


def event(row: Row) -> dict[str, Any]:
    return dict(msgspec.json.decode(row.draft.event))


def fill(log: OutboxLog, drafts: list[Draft], batch: int = 100) -> None:
    for first in range(0, len(drafts), batch):
        log.receive_drafts(drafts[first : first + batch])


def assert_declared(told: list[Row], kept: list[Row]) -> None:
    """Every event that is gone lies within a gap of its call that is still there."""
    left = {row.seq for row in kept}
    spans: dict[str, list[tuple[int, int]]] = {}
    for row in kept:
        if event(row)["type"] == "gap":
            spans.setdefault(row.draft.call, []).append((event(row)["start_sample"], event(row)["end_sample"]))
    for row in told:
        if row.seq not in left and event(row)["type"] == "utterance":
            start, end = event(row)["start_sample"], event(row)["end_sample"]
            assert any(first <= start and end <= last for first, last in spans[row.draft.call]), row.draft.call


def test_the_oldest_words_go_and_the_gap_of_their_call_says_so(tmp_path: Path) -> None:
    log, told = open_log(tmp_path / "outbox.db", 1_500_000)
    for number in range(10):
        fill(log, a_call(f"call-{number}"))
    kept = log.read_after(0, 1_000_000)
    assert (tmp_path / "outbox.db").stat().st_size < 1_900_000
    assert kinds(kept)["alert"] == kinds(kept)["call_started"] == kinds(kept)["call_ended"] == 10
    assert 1_000 < kinds(kept)["utterance"] < 10 * CALL_EVENTS
    numbers = [row.seq for row in kept if event(row)["type"] == "utterance"]
    newest = [row.seq for row in told if event(row)["type"] == "utterance"][-len(numbers) :]
    assert numbers == newest, "the newest words are there without a hole"
    assert_declared(told, kept)
    assert log.committed == len(kept)


def test_alerts_go_last_of_all(tmp_path: Path) -> None:
    log, _ = open_log(tmp_path / "outbox.db", 600_000)
    fill(log, [alert(number, f"call-{number}") for number in range(500)])
    fill(log, [call_started(f"call-{number}") for number in range(2_500)])
    kept = log.read_after(0, 1_000_000)
    assert kinds(kept)["alert"] == 500
    assert KEEP_NEWEST < kinds(kept)["call_started"] < 2_500
    fill(log, [alert(number, f"call-{number}") for number in range(500, 3_000)])
    kept = log.read_after(0, 1_000_000)
    assert KEEP_NEWEST < kinds(kept)["alert"] < 3_000
    assert event(kept[-1])["type"] in {"alert", "gap"}
    assert UNKNOWN_CALL in {row.draft.call for row in kept}


def test_what_is_left_goes_out_in_order_when_the_server_is_back(tmp_path: Path) -> None:
    log, told = open_log(tmp_path / "outbox.db", 700_000)
    for number in range(6):
        fill(log, a_call(f"call-{number}"))
    log.resume(0, 0)
    kept = log.read_after(0, 1_000_000)
    assert [row.seq for row in kept] == sorted({row.seq for row in kept})
    log.acknowledge(kept[-1].seq)
    assert log.acknowledged == log.committed == len(kept)
    fill(log, [utterance(1)])
    assert len(log.read_after(0, 1_000)) == 1
    assert {row.seq for row in kept} <= {row.seq for row in told}


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 2**31), st.integers(200, 600))
def test_whatever_comes_the_file_stays_within_its_bounds_and_losses_are_declared(seed: int, limit_kb: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outbox.db"
        log, told = open_log(path, limit_kb * 1_000)
        for number in range(5):
            fill(log, a_call(f"call-{number}", chance.randrange(500)), chance.randrange(1, 200))
        kept = log.read_after(0, 1_000_000)
        newest_bytes = sum(len(row.draft.event) + 200 for row in told[-KEEP_NEWEST:])
        assert path.stat().st_size < max(limit_kb * 1_000, newest_bytes) + 400_000
        assert_declared(told, kept)
        log.close()


@pytest.mark.soak
def test_a_day_without_a_server_fits_and_a_month_keeps_its_alerts(tmp_path: Path) -> None:
    log, told = open_log(tmp_path / "outbox.db", 256_000_000)
    for number in range(A_DAY_OF_EVENTS // CALL_EVENTS):
        fill(log, a_call(f"day-{number}"))
    kept = log.read_after(0, 10_000_000)
    assert len(kept) == len(told), "a whole day is kept"
    del kept
    told.clear()
    for number in range(5 * A_DAY_OF_EVENTS // CALL_EVENTS):
        fill(log, a_call(f"later-{number}"))
        told.clear()
    kept = log.read_after(0, 10_000_000)
    assert kinds(kept)["alert"] == 6 * (A_DAY_OF_EVENTS // CALL_EVENTS)
    assert (tmp_path / "outbox.db").stat().st_size < 260_000_000
