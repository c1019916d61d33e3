"""What the box tells its server of itself, and when."""

import asyncio
from pathlib import Path

import msgspec

from appliance.adapters.watchman import Look, Watchman
from appliance.delivery.health import HealthMessage
from appliance.events import Utterance, Word
from appliance.update.plan import State, Trial
from appliance.version import VERSION

CALM = Look(frozenset(), has_server=True, link_online=True, is_muted=False, waiting_events=0, calls=0)


def told(tmp_path: Path, looks: list[Look], said: Utterance | None = None) -> list[HealthMessage]:
    """Let a watchman see these looks, the last one again and again, and give what it tells until it has seen them."""

    async def run() -> list[HealthMessage]:
        heard: list[HealthMessage] = []
        left, seen = list(looks), asyncio.Event()

        def look() -> Look:
            if len(left) == 1:
                seen.set()
            return left.pop(0) if len(left) > 1 else left[0]

        watchman = Watchman(None, tmp_path, look, heard.append, tmp_path / "releases", every_s=0.01)
        if said:
            watchman.receive(said)
        task = asyncio.create_task(watchman.run())
        await seen.wait()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return heard

    return asyncio.run(run())


def names(message: HealthMessage) -> list[str]:
    return [each.name for each in message.conditions if each.name not in {"hot", "slow", "clock", "disk"}]


def test_the_server_is_told_at_the_start_and_when_something_changes_and_not_at_every_look(tmp_path: Path) -> None:
    deaf = CALM._replace(faults=frozenset({"line_deaf"}))
    heard = told(tmp_path, [CALM, CALM, deaf, deaf, CALM, CALM])
    assert [names(each) for each in heard][1] == ["deaf"]
    assert len(heard) == 3


def test_that_the_server_cannot_be_reached_is_no_news_for_it(tmp_path: Path) -> None:
    (heard,) = told(tmp_path, [CALM._replace(link_online=False, waiting_events=7)])
    assert "offline" not in [each.name for each in heard.conditions]
    assert heard.waiting_events == 7


def test_it_tells_figures_and_never_a_word_that_was_said(tmp_path: Path) -> None:
    said = Utterance(
        who="caller", start_sample=0, end_sample=9, number=1, text="kumquat", words=(Word("kumquat", 0, 9),)
    )
    (heard,) = told(tmp_path, [CALM._replace(calls=1, levels_dbfs={"agent": -23.456})], said)
    assert heard.level_dbfs == {"agent": -23.5}
    assert heard.uptime_s > 0
    assert "kumquat" not in msgspec.json.encode(heard).decode()


def test_the_release_and_what_becomes_of_it_are_told(tmp_path: Path) -> None:
    assert told(tmp_path, [CALM])[0].program.number == 0
    state = State(good=4, version="1.1", trial=Trial(6, "1.3"), failed=(5,))
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "state.json").write_bytes(msgspec.json.encode(state))
    program = told(tmp_path, [CALM])[0].program
    assert (program.version, program.number, program.trial, program.failed) == (VERSION, 4, 6, (5,))
    (tmp_path / "releases" / "state.json").write_text("broken")
    assert told(tmp_path, [CALM])[0].program.number == 0
