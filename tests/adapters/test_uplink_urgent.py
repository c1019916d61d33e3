"""An alert of a live call passes an hour of backlog, and the server's limits are kept."""

import asyncio
import sqlite3
import time
from pathlib import Path

import msgspec

from appliance.adapters import clock
from appliance.delivery.envelope import Draft
from appliance.delivery.messages import EventMessage, Ping
from appliance.events import Alert

from .flaky_server import Fate, FlakyServer
from .outbox_drafts import draft, utterance
from .uplink_box import QUICK, Box, at_once, box_at

BACKLOG = 2_000
"""What a server that acknowledges eight events every 20 ms needs five seconds for."""


def alert(number: int, call: str = "live") -> Draft:
    raised = Alert(
        who="caller", start_sample=0, end_sample=0, alert=number, rule="furious", level="urgent", evidence=()
    )
    return draft(raised, call)


def test_an_alert_passes_a_backlog_and_is_stored_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(max_in_flight=8, ack_every=8, ack_delay_s=0.02)]) as server:
            box = Box(tmp_path, server, QUICK, at_once)
            await box.outbox.start()
            for number in range(1, BACKLOG + 1):
                box.outbox.append(utterance(number))
            await box.outbox.flush()
            running = asyncio.create_task(box.uplink.run())
            await server.until(lambda: len(server.stored) > 50)
            box.outbox.append(alert(1))
            await server.until(lambda: any(each.event["type"] == "alert" for each in server.stored))
            assert len(server.stored) < BACKLOG / 2
            assert box.outbox.acknowledged < BACKLOG / 2
            server.socket.transport.abort()  # type: ignore[union-attr] # it is connected
            await box.until_acknowledged(BACKLOG + 1)
            assert sorted(each.seq for each in server.stored) == list(range(1, BACKLOG + 2))
            await box.uplink.stop()
            await box.outbox.stop()
            await running

    asyncio.run(run())


def test_a_live_alert_without_a_backlog_is_sent_in_its_place_only(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server, box_at(tmp_path, server) as box:
            await box.until_link("online")
            box.outbox.append(utterance(1))
            box.outbox.append(alert(1))
            await box.until_acknowledged(2)
            events = [each for each in server.received if isinstance(each, EventMessage)]
            assert [each.urgent for each in events] == [False, False]

    asyncio.run(run())


def test_the_servers_pace_is_kept(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(max_messages_per_s=100.0)]) as server, box_at(tmp_path, server) as box:
            await box.until_link("online")
            began = time.monotonic()
            for number in range(1, 76):
                box.outbox.append(utterance(number))
            await box.until_acknowledged(75)
            assert time.monotonic() - began > (75 - 25) / 100 - 0.05

    asyncio.run(run())


def test_a_server_that_answers_no_ping_is_left_after_a_long_silence_only(tmp_path: Path) -> None:
    async def run() -> None:
        timing = msgspec.structs.replace(QUICK, ping_every_s=0.02, silent_s=0.15)
        async with FlakyServer([Fate(answers_pings=False)]) as server, box_at(tmp_path, server, timing) as box:
            await box.until_link("online")
            assert await box.until_link("offline") == "nothing was heard of the server for 0.15 s"
            pings = [each for each in server.received if isinstance(each, Ping)]
            assert len(pings) > 2
            await box.until_link("online")
            await server.until(lambda: any(isinstance(each, Ping) and each.rtt_ms for each in server.received))

    asyncio.run(run())


def test_an_event_stamped_by_a_wrong_clock_arrives_with_the_servers_time(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server, box_at(tmp_path, server) as box:
            await box.until_link("online")
            wrong = msgspec.structs.replace(
                utterance(1),
                occurred_at="1970-01-01T00:01:00.000Z",
                clock_synchronised=False,
                boot=clock.boot_id(),
                uptime_s=clock.uptime_s(),
            )
            box.outbox.append(wrong)
            await box.until_acknowledged(1)
            assert server.stored[0].occurred_at.startswith("2026-01-01T00:00:")
            assert (server.stored[0].clock_synchronised, server.stored[0].corrected) == (False, True)

    asyncio.run(run())


def test_an_outbox_of_the_first_format_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"

    async def fill() -> None:
        async with FlakyServer([Fate(status=503)] * 9) as server:
            box = Box(tmp_path, server, QUICK, at_once)
            await box.outbox.start()
            box.outbox.append(utterance(1))
            await box.outbox.flush()
            await box.outbox.stop()

    asyncio.run(fill())
    older = sqlite3.connect(path)
    for statement in ("ALTER TABLE events DROP COLUMN boot", "ALTER TABLE events DROP COLUMN uptime_s"):
        older.execute(statement)
    older.execute("PRAGMA user_version = 1")
    older.close()

    async def run() -> None:
        async with FlakyServer() as server, box_at(tmp_path, server) as box:
            box.outbox.append(utterance(2))
            await box.until_acknowledged(2)
            assert [each.event["text"] for each in server.stored] == ["text 1", "text 2"]

    asyncio.run(run())
