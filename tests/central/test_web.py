"""The JSON API and the live feed, as a program without a browser sees them."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from appliance.central.web import MAX_CALLS
from appliance.delivery import messages

from .conftest import Start
from .rig import Central, FakeDevice, eventually
from .script import dispute, ended, said, started

ACKNOWLEDGE = "/api/calls/desk-1/c1/acknowledge"


async def answer_command(device: FakeDevice, **result: Any) -> messages.Command:
    command: messages.Command = await device.read_until(messages.Command)
    await device.send(messages.Result(id=command.id, **result))
    return command


async def deliver(device: FakeDevice, *events: Any, call: str = "c1", first: int = 1) -> None:
    for seq, event in enumerate(events, first):
        await device.send_event(seq, event, call)
    await device.read_acked(first + len(events) - 1)


def test_the_wall_tells_link_call_light_and_faults(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            assert (await central.get("/api/devices"))["devices"] == []
            async with central.device() as device:
                await device.status("c1", level="urgent", blinking=True, reason="r", alert=3, faults=("line_deaf",))
                await deliver(device, started(), said("hello"))
                (state,) = (await central.get("/api/devices"))["devices"]
                assert (state["online"], state["call"], state["firmware"]) == (True, "c1", "1.2.3")
                light = {"level": "urgent", "blinking": True, "reason": "r", "alert": 3}
                assert state["light"] == light | {"muted": False, "paused": False}
                assert state["faults"] == ["line_deaf"]
                assert state["newest_call"]["language"] == "en"
                assert state["last_words"] == {"who": "caller", "text": "hello", "end_s": 2.0}
        async with start() as central:
            (state,) = (await central.get("/api/devices"))["devices"]
            assert (state["online"], state["light"], state["newest_call"]["call"]) == (False, None, "c1")
            assert state["last_seen"]

    asyncio.run(run())


def test_calls_are_listed_and_read_again(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await deliver(device, *dispute(), ended(70))
            await deliver(device, started(), call="a/b c?", first=30)
            listed = (await central.get("/api/calls"))["calls"]
            assert [call["call"] for call in listed] == ["a/b c?", "c1"]
            assert (listed[1]["level"], listed[1]["alerts"], listed[1]["duration_s"]) == ("urgent", 2, 70.0)
            assert (await central.get("/api/calls?device=desk-9"))["calls"] == []
            assert len((await central.get("/api/calls?limit=1&device=desk-1"))["calls"]) == 1
            odd = await central.get("/api/calls/desk-1/a%2Fb%20c%3F")
            assert [entry["seq"] for entry in odd["events"]] == [30]

    asyncio.run(run())


@pytest.mark.parametrize("limit", ["0", "-1", str(MAX_CALLS + 1), "many", "²"])
def test_a_limit_that_makes_no_sense_is_refused(start: Start, limit: str) -> None:
    async def run() -> None:
        async with start() as central, aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{central.port}/api/calls"
            async with session.get(url, params={"limit": limit}, headers=central.signed_in) as answer:
                assert answer.status == 400
                assert "from 1 to" in (await answer.json())["error"]

    asyncio.run(run())


def test_an_unknown_call_or_address_is_a_json_error(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            for path in ("/api/calls/desk-1/none", "/api/nothing"):
                status, _, body = await central.ask(path)
                assert status == 404
                assert json.loads(body)["error"]
            assert (await central.ask("/page/secret.py"))[0] == 404
            assert (await central.ask("/page/..%2Fweb.py"))[0] == 404

    asyncio.run(run())


def test_stats_count_what_is_stored_per_device(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await deliver(device, started(), said("x"))
            stats = await central.get("/api/stats")
            assert (stats["events"], stats["devices"]) == (2, {"desk-1": {"events": 2, "newest_seq": 2}})
            assert (stats["fault"], stats["conflicts"]) == ("", 0)
            assert 0 < stats["commit_ms"]["p50"] <= stats["commit_ms"]["p95"]

    asyncio.run(run())


def test_an_acknowledgement_reaches_the_device_and_its_result_the_page(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            answering = asyncio.create_task(answer_command(device, ok=True))
            status, _, body = await central.ask(ACKNOWLEDGE, {"alert": 3})
            assert (status, body) == (200, b'{"ok":true}')
            command = await answering
            assert (command.name, command.arguments) == ("acknowledge", {"call": "c1", "alert": 3})

    asyncio.run(run())


def test_a_device_that_refuses_is_silent_offline_or_lost_gives_its_own_error(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            assert (await central.ask(ACKNOWLEDGE, {"alert": 1}))[0] == 409
            async with central.device() as device:
                answering = asyncio.create_task(answer_command(device, ok=False, error="no such alert"))
                status, _, body = await central.ask(ACKNOWLEDGE, {"alert": 1})
                assert (status, json.loads(body)["error"]) == (422, "no such alert")
                await answering
                reading = asyncio.create_task(device.read_until(messages.Bye))
                assert (await central.ask(ACKNOWLEDGE, {"alert": 1}))[0] == 504
                reading.cancel()
                await asyncio.wait([reading])
                asking = asyncio.create_task(central.ask(ACKNOWLEDGE, {"alert": 1}))
                await device.read_until(messages.Command)
                device.socket.transport.abort()
                assert (await asking)[0] == 409

    asyncio.run(run())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:{port}"}, 421),
        ({"Host": "localhost:1"}, 421),
        ({"Host": "localhost:{port}"}, 200),
        ({"Host": "[::1]:{port}"}, 200),
        ({"Host": "desk.example.com"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:{port}"}, 200),
        ({"Host": "desk.example.com", "Origin": "https://desk.example.com"}, 200),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
    ],
)
def test_other_sites_and_other_names_are_kept_out(start: Start, headers: dict[str, str], status: int) -> None:
    async def run() -> None:
        async with start(public_names=frozenset({"desk.example.com"})) as central:
            named = {name: value.format(port=central.port) for name, value in headers.items()}
            assert (await central.ask("/api/devices", **named))[0] == status

    asyncio.run(run())


def test_an_acknowledgement_must_be_json_as_no_form_can_send_it(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            plain = {"Content_Type": "text/plain"}
            assert (await central.ask(ACKNOWLEDGE, {"alert": 1}, **plain))[0] == 415
            assert (await central.ask(ACKNOWLEDGE, {"alert": "one"}))[0] == 400
            assert (await central.ask(ACKNOWLEDGE, ["x" * 300_000]))[0] == 413

    asyncio.run(run())


def test_every_answer_carries_the_security_headers(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            for path in ("/", "/page/app.js", "/api/devices", "/api/none", "/nothing"):
                _, headers, _ = await central.ask(path)
                assert headers["X-Content-Type-Options"] == "nosniff"
                assert "default-src 'none'; script-src 'self'" in headers["Content-Security-Policy"]
                assert "unsafe" not in headers["Content-Security-Policy"]
                assert headers["Cache-Control"] == ("no-store" if path.startswith("/api/") else "no-cache")

    asyncio.run(run())


class Feed:
    """A reader of `/api/live`."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> tuple[str, Any]:
        async with asyncio.timeout(5):
            kind = (await self._response.content.readline()).decode().removeprefix("event: ").strip()
            await self._response.content.readline()
            data = json.loads((await self._response.content.readline()).decode().removeprefix("data: "))
            await self._response.content.readline()
        return kind, data

    async def next_of(self, wanted: str) -> Any:
        while (message := await self.next())[0] != wanted:
            pass
        return message[1]


def live(central: Central, session: aiohttp.ClientSession) -> Any:
    return session.get(f"http://127.0.0.1:{central.port}/api/live", headers=central.signed_in)


def test_the_live_feed_gives_a_snapshot_and_then_what_happens(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device, aiohttp.ClientSession() as session:
            async with live(central, session) as response:
                assert response.content_type == "text/event-stream"
                feed = Feed(response)
                kind, snapshot = await feed.next()
                assert (kind, snapshot["devices"][0]["online"]) == ("snapshot", True)
                await device.status("c1")
                assert (await feed.next_of("device"))["call"] == "c1"
                await deliver(device, started(), said("hello"))
                assert (await feed.next_of("event"))["seq"] == 1
                assert (await feed.next_of("event"))["event"]["text"] == "hello"
                assert (await feed.next_of("call"))["utterances"] == 1
                message = messages.PartialMessage(
                    call="c1", who="agent", utterance=1, text="hm", start_sample=16_000, end_sample=24_000
                )
                await device.send(message)
                words = await feed.next_of("partial")
                assert (words["device"], words["text"], words["start_s"], words["end_s"]) == ("desk-1", "hm", 1.0, 1.5)
            assert await eventually(lambda: no_pages(central))

    asyncio.run(run())


async def no_pages(central: Central) -> bool:
    return bool((await central.get("/api/stats"))["pages"] == 0)


def test_the_live_feed_ends_when_the_server_stops(start: Start) -> None:
    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            async with start() as central:
                response = await live(central, session)
                await Feed(response).next()
            assert await response.content.read() == b""
            response.close()

    asyncio.run(run())


def test_a_store_that_refuses_stops_the_acknowledgements_until_it_is_mended(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            with sqlite3.connect(tmp_path / "central.sqlite", isolation_level=None) as other:
                other.execute(
                    "CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(FAIL, 'disk full'); END"
                )
                await device.send_event(1, started())
                reading = asyncio.create_task(device.read_acked(1))
                assert await eventually(lambda: fault_of(central)) == "disk full"
                assert device.acked == 0
                other.execute("DROP TRIGGER refuse")
                await reading
            other.close()
            assert await fault_of(central) == ""
            assert (await central.get("/api/stats"))["events"] == 1

    asyncio.run(run())


async def fault_of(central: Central) -> str:
    return str((await central.get("/api/stats"))["fault"])
