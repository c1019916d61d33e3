"""How the uplink delivers events to a real WebSocket server, with a real outbox."""

import asyncio
import os
import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import msgspec

from appliance.delivery.envelope import Draft
from appliance.delivery.messages import Bye

from .flaky_server import GOOD, Fate, FlakyServer
from .outbox_drafts import utterance
from .uplink_box import QUICK, Box, at_once, box_at, said, texts


def test_events_arrive_in_order_and_are_deleted_when_acknowledged(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server, box_at(tmp_path, server) as box:
            for number in range(1, 1001):
                box.outbox.append(utterance(number))
            await box.until_acknowledged(1000)
            assert texts(server.stored) == said(1000)
            assert box.outbox.committed == 1000
            assert server.headers == ["Bearer s3cret"]

    asyncio.run(run())


def test_a_live_event_arrives_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server, box_at(tmp_path, server) as box:
            await box.until_link("online")
            delays = []
            for number in range(1, 21):
                began = time.monotonic()
                box.outbox.append(utterance(number))
                await server.until_stored(number)
                delays.append(time.monotonic() - began)
            assert sorted(delays)[10] < 0.1

    asyncio.run(run())


def test_the_server_may_be_away_and_come_back(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server, box_at(tmp_path, server) as box:
            await box.until_link("online")
            await server.close()
            for number in range(1, 51):
                box.outbox.append(utterance(number))
            await box.until_link("offline")
            await server.open()
            await box.until_acknowledged(50)
            assert texts(server.stored) == said(50)

    asyncio.run(run())


def test_what_one_run_did_not_send_the_next_one_sends(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(cut_after=3), *[Fate(status=503)] * 1000]) as server:
            async with box_at(tmp_path, server) as box:
                for number in range(1, 11):
                    box.outbox.append(utterance(number))
                await box.until_link("offline")
            server._fates = ()
            async with box_at(tmp_path, server) as box:
                await box.until_acknowledged(7)
            assert texts(server.stored) == said(10)

    asyncio.run(run())


def test_a_new_box_goes_on_after_the_numbers_of_the_old_one(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer(resume_after=7000) as server, box_at(tmp_path, server) as box:
            box.outbox.append(utterance(1))
            await box.until_acknowledged(1)
            box.outbox.append(utterance(2))
            await box.until_acknowledged(2)
            assert [envelope.seq for envelope in server.stored] == [7001, 7002]

    asyncio.run(run())


def test_the_window_is_never_exceeded_and_a_slow_server_is_waited_for(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(max_in_flight=4, ack_delay_s=0.005)]) as server, box_at(tmp_path, server) as box:
            for number in range(1, 41):
                box.outbox.append(utterance(number))
            await box.until_acknowledged(40)
            assert server.connections == 1

    asyncio.run(run())


def test_messages_of_a_newer_server_are_ignored(tmp_path: Path) -> None:
    async def run() -> None:
        news = '{"type":"weather","rain":true}'
        async with FlakyServer([Fate(says=(news,))]) as server, box_at(tmp_path, server) as box:
            box.outbox.append(utterance(1))
            await box.until_acknowledged(1)
            assert server.connections == 1

    asyncio.run(run())


def test_a_stop_sends_what_is_left_and_says_goodbye(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server:
            async with box_at(tmp_path, server) as box:
                await box.until_link("online")
                for number in range(1, 301):
                    box.outbox.append(utterance(number))
            assert texts(server.stored) == said(300)
            await server.until(lambda: server.received[-1] == Bye(reason="stopping"))

    asyncio.run(run())


def test_a_box_that_was_hardly_welcomed_spreads_its_return_as_the_welcome_said(tmp_path: Path) -> None:
    asked: list[float] = []

    def backoff(return_within_s: float) -> Iterator[float]:
        asked.append(return_within_s)
        return repeat(0.005)

    async def run() -> None:
        fate = Fate(cut_after=1, stores_last=False, return_within_s=20.0)
        async with FlakyServer([fate]) as server, box_at(tmp_path, server, backoff=backoff) as box:
            box.outbox.append(utterance(1))
            await box.until_acknowledged(1)
            assert asked[:2] == [0.0, 20.0]

    asyncio.run(run())


def test_a_stop_does_not_wait_for_a_server_that_is_away(tmp_path: Path) -> None:
    async def run() -> None:
        server = FlakyServer()
        await server.open()
        await server.close()
        box = Box(tmp_path, server, QUICK, lambda _: repeat(30.0))
        await box.outbox.start()
        running = asyncio.create_task(box.uplink.run())
        box.outbox.append(utterance(1))
        await box.until_link("offline")
        began = time.monotonic()
        await box.uplink.stop()
        await running
        await box.outbox.stop()
        assert time.monotonic() - began < 1

    asyncio.run(run())


def test_a_stop_is_bounded_when_the_server_hangs(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(acknowledges=False)]) as server:
            box = Box(tmp_path, server, QUICK, at_once)
            await box.outbox.start()
            running = asyncio.create_task(box.uplink.run())
            box.outbox.append(utterance(1))
            await server.until_stored(1)
            began = time.monotonic()
            await box.uplink.stop(within_s=0.2)
            assert time.monotonic() - began < 2
            await running
            await box.outbox.stop()

    asyncio.run(run())


def test_an_event_larger_than_the_server_takes_is_declared_in_its_place(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(max_message_bytes=700)]) as server, box_at(tmp_path, server) as box:
            large = utterance(2).event.replace(b"text 2", b"x" * 2000)
            box.outbox.append(utterance(1))
            box.outbox.append(msgspec.structs.replace(utterance(2), event=large))
            box.outbox.append(utterance(3))
            await box.until_acknowledged(3)
            assert [envelope.event["type"] for envelope in server.stored] == ["utterance", "notice", "utterance"]
            assert server.stored[1].event["start_s"] == 2.0

    asyncio.run(run())


def test_an_event_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([GOOD]) as server, box_at(tmp_path, server) as box:
            damaged = Draft(call="c1", occurred_at="", clock_synchronised=False, event=os.urandom(20))
            box.outbox.append(damaged)
            box.outbox.append(utterance(2))
            await box.until_acknowledged(2)
            assert [envelope.event.get("code") for envelope in server.stored] == ["event_unreadable", None]

    asyncio.run(run())
