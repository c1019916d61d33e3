"""How fast events become durable, and how fast a backlog reaches a server, against the pace of a real call."""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from appliance.adapters.outbox import Outbox
from appliance.adapters.uplink import Uplink
from appliance.adapters.uplink_server import Server
from appliance.delivery.envelope import Draft
from appliance.delivery.messages import Command, Hello, Result
from appliance.event_json import to_json
from appliance.events import Utterance, Word
from tests.adapters.flaky_server import Fate, FlakyServer
from tests.bench.rows import Row, as_json, as_text, row

CALL_EVENTS_PER_S: Final = 2.0
"""The most that a call produces: both sides in short utterances, each with a phrase."""

EVENTS: Final = 10_000
"""83 minutes of such a call."""


def rows(options: Sequence[str] = ()) -> list[Row]:
    """Measure. `--events N` changes how many events are committed and replayed."""
    parser = argparse.ArgumentParser(prog="bench outbox")
    parser.add_argument("--events", type=int, default=EVENTS)
    events = int(parser.parse_args(options).events)
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), events))


async def _measure(folder: Path, events: int) -> list[Row]:
    drafts = [_draft(number) for number in range(events)]
    outbox = Outbox(folder / "outbox.sqlite3", lambda _: None, memory_events=events)
    await outbox.start()
    single_ms = await _commit_one_by_one(outbox, drafts[:200])
    began = time.perf_counter()
    for draft in drafts:
        outbox.append(draft)
    await outbox.flush()
    committed_s = time.perf_counter() - began
    backlog = outbox.committed
    replayed_s = await _replay(folder, outbox)
    await outbox.stop()
    call = "events of one call in real time"
    return [
        row(
            "outbox.commit_rate",
            events / committed_s,
            "events/s",
            peer=call,
            peer_value=CALL_EVENTS_PER_S,
            bar="ratio >= 200",
        ),
        row("outbox.commit_p95", sorted(single_ms)[int(len(single_ms) * 0.95)], "ms"),
        row(
            "outbox.replay_rate",
            backlog / replayed_s,
            "events/s",
            peer=call,
            peer_value=CALL_EVENTS_PER_S,
            bar="ratio >= 200",
        ),
    ]


async def _commit_one_by_one(outbox: Outbox, drafts: list[Draft]) -> list[float]:
    """Give how long each event took until it was durable, in milliseconds."""
    took_ms = []
    for draft in drafts:
        began = time.perf_counter()
        outbox.append(draft)
        await outbox.flush()
        took_ms.append((time.perf_counter() - began) * 1000)
    return took_ms


async def _replay(folder: Path, outbox: Outbox) -> float:
    """Send the backlog to a server on this machine; gives the seconds until the last event was acknowledged."""
    token = folder / "token"
    token.touch(0o600)
    token.write_text("token")
    backlog = outbox.committed
    async with FlakyServer([Fate(ack_every=32)]) as server:
        uplink = Uplink(Server(server.url, token), outbox, _hello, _do, lambda _state, _text: None)
        began = time.perf_counter()
        running = asyncio.create_task(uplink.run())
        while outbox.acknowledged < backlog:  # noqa: ASYNC110 - the outbox has no bell for this
            await asyncio.sleep(0.005)
        took_s = time.perf_counter() - began
        await uplink.stop()
        await running
        if len({envelope.seq for envelope in server.stored}) != backlog:
            raise RuntimeError("the server does not hold what was committed")
    return took_s


def _draft(number: int) -> Draft:
    """Give an utterance of twelve words with their times, as a recognizer gives them: 1.5 kB."""
    start = number * 8000
    words = tuple(
        Word(text=f"word{n}", start_sample=start + n * 600, end_sample=start + n * 600 + 500, confidence=0.9)
        for n in range(12)
    )
    said = Utterance(
        who="caller" if number % 2 else "agent",
        start_sample=start,
        end_sample=start + 7200,
        number=number // 2 + 1,
        text=" ".join(word.text for word in words),
        words=words,
    )
    return Draft(
        call="bench",
        occurred_at="2026-01-01T00:00:00.000Z",
        clock_synchronised=True,
        event=to_json(said),
        heard_at=None,
    )


def _hello() -> Hello:
    return Hello(device="bench", firmware="0", boot="0", last_seq=0, clock_synchronised=True)


async def _do(command: Command) -> Result:
    return Result(id=command.id, ok=False)


if __name__ == "__main__":
    import sys

    arguments = [argument for argument in sys.argv[1:] if argument != "--json"]
    print(as_json(rows(arguments)) if "--json" in sys.argv else as_text(rows(arguments)))
