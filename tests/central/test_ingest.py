"""The devices' door, against a real WebSocket client."""

import asyncio
import contextlib
import logging
from typing import Any

import pytest

from appliance.delivery import messages

from .conftest import Start
from .rig import FAST, Central, eventually, hello
from .script import ended, enveloped, said, started


def test_events_are_acknowledged_cumulatively_and_read_back_in_order(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await device.send_event(1, started())
            await device.send_event(2, said("hello"))
            await device.send_event(3, ended())
            await device.read_acked(3)
            answer = await central.get("/api/calls/desk-1/c1")
            assert [entry["seq"] for entry in answer["events"]] == [1, 2, 3]
            assert answer["events"][1]["event"]["text"] == "hello"
            assert answer["events"][1]["event"]["start_s"] == 1.0
            assert answer["events"][1]["stored_at"].endswith("Z")
            assert answer["summary"]["end_reason"] == "on_hook"

    asyncio.run(run())


def test_a_device_resumes_after_the_newest_stored_event_also_over_a_restart(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await device.send_event(4, started())
            await device.send_event(9, said("holes are allowed"))
            await device.read_acked(9)
            async with central.device() as again:
                assert again.acked == 9
        async with start() as central, central.device() as device:
            assert device.acked == 9

    asyncio.run(run())


def test_a_repeated_event_is_ignored_and_acknowledged_again(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await device.send_event(1, said("once"))
            await device.read_until(messages.Ack)
            await device.send_event(1, said("once"))
            assert (await device.read_until(messages.Ack)).seq == 1
            stats = await central.get("/api/stats")
            assert (stats["events"], stats["conflicts"]) == (1, 0)

    asyncio.run(run())


def test_a_number_used_twice_keeps_the_first_event_and_is_counted(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await device.send_event(1, said("first"))
            await device.send_event(1, said("second"))
            await eventually(lambda: conflicts(central))
            events = (await central.get("/api/calls/desk-1/c1"))["events"]
            assert [entry["event"]["text"] for entry in events] == ["first"]

    async def conflicts(central: Central) -> int:
        return int((await central.get("/api/stats"))["conflicts"])

    asyncio.run(run())
    assert "event_conflict device=desk-1 seq=1" in caplog.text
    assert "second" not in caplog.text, "speech does not belong in the log"


def test_events_of_unknown_types_and_odd_fields_are_stored_as_they_are(start: Start) -> None:
    odd: list[dict[str, Any]] = [
        {"type": "emotion_v9", "nested": {"list": [1, 2.5, None, True]}, "start_sample": 5},
        {"type": "utterance", "end_sample": "late", "number": None},
        {"type": "alert", "alert": -1, "level": 7},
        {"no_type": "at all"},
        {"type": ["a", "list"], "end_sample": 2**60},
    ]

    async def run() -> None:
        async with start() as central, central.device() as device:
            for seq, event in enumerate(odd, 1):
                await device.send_event(seq, event)
            await device.read_acked(len(odd))
            events = (await central.get("/api/calls/desk-1/c1"))["events"]
            assert [entry["event"] for entry in events] == odd

    asyncio.run(run())


def test_a_new_connection_replaces_the_old_one(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as old, central.device() as new:
            bye = await old.read_until(messages.Bye)
            assert bye.reason == "replaced"
            assert bye.retry_after_s
            await new.send_event(1, started())
            await new.read_acked(1)
            (state,) = (await central.get("/api/devices"))["devices"]
            assert state["online"] is True

    asyncio.run(run())


def test_pings_measure_the_round_trip_and_one_missed_pong_is_not_fatal(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.socket() as socket:
            await socket.send(messages.encode(hello()))
            pings: list[int] = []
            while len(pings) < 3:
                message = messages.decode_from_server(await socket.recv())
                if isinstance(message, messages.Ping):
                    pings.append(message.id)
            await socket.send(messages.encode(messages.Pong(id=pings[-1])))

            async def round_trip() -> float | None:
                return (await central.get("/api/devices"))["devices"][0]["rtt_ms"]  # type: ignore[no-any-return]

            assert 0 < await eventually(round_trip) < 1000

    asyncio.run(run())


def test_a_silent_device_is_given_up(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.socket() as socket:
            await socket.send(messages.encode(hello()))
            async with asyncio.timeout(5):
                await socket.wait_closed()
            assert socket.close_code == 1001
            assert (await central.get("/api/devices"))["devices"][0]["online"] is False

    asyncio.run(run())


def test_a_stopping_server_acknowledges_what_it_has_and_says_goodbye(start: Start) -> None:
    async def run() -> None:
        async with contextlib.AsyncExitStack() as stack:
            async with start() as central:
                device = await stack.enter_async_context(central.device())
                for seq in range(1, 201):
                    await device.send_event(seq, said(f"word {seq}"))
                await device.read_until(messages.Ack)
                reading = asyncio.create_task(device.read_until(messages.Bye))
            assert (await reading).reason == "stopping"
            acked = device.acked
        async with start() as central, central.device() as device:
            assert device.acked >= acked

    asyncio.run(run())


def test_a_device_without_its_outbox_is_told_to_count_on(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def run() -> None:
        async with start() as central:
            async with central.device() as device:
                await device.send_event(7, started())
                await device.read_acked(7)
            async with central.device(last_seq=0) as device:
                assert device.acked == 7

    asyncio.run(run())
    assert "device_outbox_lost device=desk-1" in caplog.text


def test_a_thousand_events_beyond_the_window_arrive_all_the_same(start: Start) -> None:
    async def run() -> None:
        async with start(timing=FAST) as central, central.device() as device:
            for seq in range(1, 1001):
                await device.socket.send(
                    messages.encode(messages.EventMessage(envelope=enveloped(seq, said("x", number=seq))))
                )
            await device.read_acked(1000)
            assert (await central.get("/api/stats"))["events"] == 1000

    asyncio.run(run())
