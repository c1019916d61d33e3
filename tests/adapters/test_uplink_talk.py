"""What passes between box and server besides events: partial words, the status, pings and commands."""

import asyncio
from pathlib import Path
from typing import Any

from appliance.delivery.messages import Command, EventMessage, PartialMessage, Ping, Pong, Result, StatusMessage

from .flaky_server import Fate, FlakyServer
from .outbox_drafts import utterance
from .uplink_box import QUICK, Box, at_once, box_at


def partial(text: str, utterance: int = 1) -> PartialMessage:
    return PartialMessage(call="c1", who="caller", utterance=utterance, text=text, start_sample=0, end_sample=1)


def status(reason: str) -> StatusMessage:
    return StatusMessage(call="c1", level="normal", blinking=False, reason=reason)


def heard(server: FlakyServer, kind: type[Any]) -> list[Any]:
    return [message for message in server.received if isinstance(message, kind)]


def test_of_many_partials_the_newest_one_arrives_and_few_of_the_others(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server, box_at(tmp_path, server) as box:
            await box.until_link("online")
            for number in range(100):
                box.uplink.show_partial(partial(str(number)))
                await asyncio.sleep(0.005)
            await server.until(lambda: partial("99") in server.received)
            assert len(heard(server, PartialMessage)) <= 6

    asyncio.run(run())


def test_a_partial_never_follows_its_final(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server, box_at(tmp_path, server) as box:
            await box.until_link("online")
            box.uplink.show_partial(partial("one"))
            await server.until(lambda: partial("one") in server.received)
            box.uplink.show_partial(partial("two"))
            box.outbox.append(utterance(1))
            await server.until_stored(1)
            await asyncio.sleep(0.3)
            told = [type(message) for message in server.received if not isinstance(message, Ping)]
            assert told == [PartialMessage, EventMessage]

    asyncio.run(run())


def test_the_status_is_told_after_each_welcome_and_on_change_only(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server, box_at(tmp_path, server) as box:
            box.uplink.show_status(status("first"))
            await server.until(lambda: heard(server, StatusMessage) == [status("first")])
            box.uplink.show_status(status("first"))
            box.uplink.show_status(status("second"))
            await server.until(lambda: heard(server, StatusMessage) == [status("first"), status("second")])
            assert server.socket is not None
            server.socket.transport.abort()
            await server.until(lambda: heard(server, StatusMessage)[2:] == [status("second")])

    asyncio.run(run())


def test_a_backlog_does_not_silence_the_status(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(ack_delay_s=0.002)]) as server:
            box = Box(tmp_path, server, QUICK, at_once)
            await box.outbox.start()
            for number in range(1, 501):
                box.outbox.append(utterance(number))
            await box.outbox.flush()
            box.uplink.show_status(status("now"))
            running = asyncio.create_task(box.uplink.run())
            await server.until(lambda: status("now") in server.received)
            assert len(server.stored) < 200
            await box.until_acknowledged(500)
            await box.uplink.stop()
            await box.outbox.stop()
            await running

    asyncio.run(run())


def test_pings_are_answered(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server, box_at(tmp_path, server) as box:
            await box.until_link("online")
            await server.say(Ping(id=7))
            await server.until(lambda: Pong(id=7) in server.received)

    asyncio.run(run())


def test_a_command_is_done_once_and_answered_each_time(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server, box_at(tmp_path, server) as box:
            await box.until_link("online")
            for _ in range(3):
                await server.say(Command(id="a", name="acknowledge", arguments={"call": "c1", "alert": 1}))
            await server.say(Command(id="b", name="dance"))
            await server.say(Command(id="c", name="break"))
            await server.until(lambda: len(heard(server, Result)) == 5)
            assert [command.id for command in box.commands] == ["a", "b", "c"]
            assert heard(server, Result) == [
                *[Result(id="a", ok=True)] * 3,
                Result(id="b", ok=False, error="unknown command dance"),
                Result(id="c", ok=False, code="failed", error="the box could not do this"),
            ]

    asyncio.run(run())
