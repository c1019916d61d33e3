"""The device killed in the middle of whatever it does."""

import random
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from . import recordings
from .programs import Program, Site, wait_for
from .records import Record, assert_once_and_in_order, at_server, calls, in_outbox, of_type

DEVICES = ("desk-1", "desk-2")
"""Two boxes at once: while one loads its programs the other is in a call."""


class Line(NamedTuple):
    """A line to be killed on; `share` is in percent of all kills; a start with a model takes three times as long."""

    recording: Path
    language: str
    share: int


MOST_COMMITS = 12
"""Waited for before a kill: the voice is measured, and written down, several times before the first words are."""


def lines(folder: Path) -> list[Line]:
    return [
        Line(recordings.short_turns(folder), "en", 20),
        Line(recordings.without_a_model(folder), "de", 78),
        Line(recordings.shipped("billing_ko_16k"), "ko", 2),
    ]


@pytest.mark.timeout(400)
def test_a_hundred_kills_lose_and_repeat_no_committed_event(site: Site) -> None:
    kill_again_and_again(site, kills=100, seed=20)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(5))
def test_a_thousand_kills_lose_and_repeat_no_committed_event(site: Site, seed: int) -> None:
    kill_again_and_again(site, kills=200, seed=seed)


def kill_again_and_again(site: Site, kills: int, seed: int) -> None:
    for name in DEVICES:  # enrolled one after the other: two at once would overwrite each other's entry
        site.config(recordings.without_a_model(site.folder), device=name)
    server = site.start_server()
    with ThreadPoolExecutor() as threads:
        share = kills // len(DEVICES)
        boxes = [threads.submit(kill_one, site, name, share, random.Random(f"{seed} {name}")) for name in DEVICES]
        server = kill_server_until_done(site, server, boxes, random.Random(seed))
    site.wait_until_nothing_runs(but=(server,))
    with_words = sum(check(site, name, box.result()) for name, box in zip(DEVICES, boxes, strict=True))
    assert with_words >= kills // 25, "too few kills fell into a call in which something had been said"
    for said in site.folder.glob("*.err"):
        assert "Traceback" not in said.read_text("utf-8"), said


def kill_server_until_done(
    site: Site, server: Program, boxes: list[Future[dict[int, Record]]], chance: random.Random
) -> Program:
    while not all(box.done() for box in boxes):
        time.sleep(chance.uniform(4, 10))
        server.kill()
        time.sleep(chance.uniform(0, 1))
        server = site.start_server()
    return server


def kill_one(site: Site, name: str, kills: int, chance: random.Random) -> dict[int, Record]:
    """Kill one box over and over; give every event that was ever seen committed in its outbox."""
    choice = lines(site.folder)
    plan = [line for line in choice for _ in range(-(-line.share * kills // 100))][:kills]
    chance.shuffle(plan)
    committed: dict[int, Record] = {}
    for line in plan:
        config = site.config(line.recording, language=line.language, pace="fast", device=name)
        device = site.start_device(config)
        if chance.random() < 0.7:
            wait_for_commits(device, site.state(name), chance.randrange(MOST_COMMITS))
            time.sleep(chance.uniform(0, 0.3))
        else:
            time.sleep(chance.uniform(0, 1))  # somewhere on the way to the first frame
        device.kill()
        note(committed, in_outbox(site.state(name), site.folder / f"copy-{name}"))
    return committed


def wait_for_commits(device: Program, state: Path, count: int) -> None:
    """Wait until the call has begun and the outbox has then been written so many times, or the call is over."""
    wait_for(lambda: device.lights() or device.process.poll() is not None)
    for _ in range(count):
        before = written_at(state)
        wait_for(lambda before=before: device.process.poll() is not None or written_at(state) != before)  # type: ignore[misc]


def written_at(state: Path) -> float:
    return max(
        (file.stat().st_mtime for file in (state / "outbox.db", state / "outbox.db-wal") if file.exists()), default=0.0
    )


def note(committed: dict[int, Record], records: list[Record]) -> None:
    assert_once_and_in_order(records)
    for record in records:
        assert committed.setdefault(record.seq, record) == record, "a number was used twice"


def check(site: Site, name: str, committed: dict[int, Record]) -> int:
    """Let the box run to its end and compare; give how many interrupted calls had words."""
    config = site.config(site.folder / "without_a_model.wav", language="de", pace="fast", device=name)
    last = site.start_device(config)
    assert last.end() == 0
    delivered = last.lines()[-1]["delivered"]
    assert delivered["acknowledged"] == delivered["committed"], last.said()
    stored = at_server(site, name)
    assert_once_and_in_order(stored)
    by_seq = {record.seq: record for record in stored}
    assert {seq: by_seq.get(seq) for seq in committed} == committed
    return check_calls(list(calls(stored).values()))


def check_calls(all_calls: list[list[dict[str, Any]]]) -> int:
    """Each call must be a whole one, or a beginning of it with its end declared."""
    whole: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for call in sorted(all_calls, key=len, reverse=True):
        *said, end = call
        assert said[0]["type"] == "call_started"
        assert end["type"] == "call_ended"
        assert end["reason"] in {"on_hook", "interrupted"}
        assert "call_ended" not in [event["type"] for event in said]
        longest = whole.setdefault((said[0]["language"], said[0]["band"]), said)
        assert said == longest[: len(said)], "an event is missing in the middle of a call"
        if end["reason"] == "interrupted":
            assert end["end_sample"] == max(event["end_sample"] for event in said)
    return sum(
        call[-1]["reason"] == "interrupted" and any(event["type"] == "utterance" for event in call)
        for call in all_calls
    )


@pytest.mark.parametrize(("recording", "language"), [("delivery_ok", "en"), ("billing_ko_16k", "ko")])
def test_the_recognizers_of_a_killed_device_end_by_themselves(site: Site, recording: str, language: str) -> None:
    site.start_server()
    device = site.start_device(site.config(recordings.shipped(recording), language=language, pace="fast"))
    wait_for(lambda: of_type(at_server(site), "utterance"))
    family = psutil.Process(device.process.pid).children(recursive=True)
    assert len(family) == 3, "one host and two workers"
    device.kill()
    _, alive = psutil.wait_procs(family, timeout=2.0)
    # A zombie has ended; when it is taken away is up to whatever is process 1 here.
    assert not [one for one in alive if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert "Traceback" not in device.said()


def test_a_recognizer_that_still_loads_its_model_ends_too(site: Site) -> None:
    device = site.start_device(site.config(recordings.shipped("billing_ko_16k"), language="ko"))
    host = wait_for(lambda: device.process.poll() is None and psutil.Process(device.process.pid).children())
    assert host
    device.kill()
    site.wait_until_nothing_runs()
    assert "Traceback" not in device.said()
