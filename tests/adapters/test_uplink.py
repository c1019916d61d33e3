"""The uplink against a real WebSocket server that misbehaves, with a real outbox."""

import asyncio
import os
import random
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.adapters.outbox import Outbox
from appliance.adapters.uplink import LinkState, Uplink
from appliance.adapters.uplink_link import Timing
from appliance.adapters.uplink_server import Server
from appliance.delivery.envelope import Draft
from appliance.delivery.messages import (
    Bye,
    Command,
    Envelope,
    EventMessage,
    Hello,
    PartialMessage,
    Ping,
    Pong,
    Result,
    StatusMessage,
)

from .flaky_server import GOOD, Fate, FlakyServer
from .outbox_drafts import utterance
from .small_disk import fill, small_disk

__all__ = ["small_disk"]

ROOT = Path(__file__).parents[2]

QUICK = Timing(open_s=2, welcome_s=2, refused_s=60)


def at_once() -> Iterator[float]:
    return repeat(0.005)


class Box:
    """A device's half of delivery, and what it was told."""

    def __init__(
        self,
        folder: Path,
        server: FlakyServer,
        timing: Timing,
        backoff: Callable[[], Iterator[float]],
        ca_file: Path | None = None,
    ) -> None:
        token = folder / "token"
        token.write_text("s3cret\n")
        token.chmod(0o600)
        self.links: list[tuple[LinkState, str]] = []
        self.commands: list[Command] = []
        self._changed = asyncio.Event()
        self.outbox = Outbox(folder / "outbox.sqlite3", lambda _: None)
        self.uplink = Uplink(
            Server(server.url, token, ca_file),
            self.outbox,
            hello,
            self.do,
            self.hear_link,
            timing=timing,
            backoff=backoff,
        )

    def hear_link(self, state: LinkState, text: str) -> None:
        self.links.append((state, text))
        self._changed.set()

    def do(self, command: Command) -> Result:
        self.commands.append(command)
        if command.name == "acknowledge":
            return Result(id=command.id, ok=True)
        if command.name == "break":
            raise RuntimeError("broken")
        return Result(id=command.id, ok=False, error=f"unknown command {command.name}")

    async def until_link(self, state: LinkState) -> str:
        async with asyncio.timeout(10):
            while not self.links or self.links[-1][0] != state:
                await self._changed.wait()
                self._changed.clear()
        return self.links[-1][1]

    async def until_acknowledged(self, count: int) -> None:
        async with asyncio.timeout(20):
            while self.outbox.acknowledged < count:  # noqa: ASYNC110 - the outbox has no bell for this
                await asyncio.sleep(0.002)


def hello() -> Hello:
    return Hello(device="box", firmware="1", boot="b", last_seq=0, clock_synchronised=True)


@asynccontextmanager
async def box_at(
    folder: Path,
    server: FlakyServer,
    timing: Timing = QUICK,
    backoff: Callable[[], Iterator[float]] = at_once,
    ca_file: Path | None = None,
) -> AsyncIterator[Box]:
    box = Box(folder, server, timing, backoff, ca_file)
    await box.outbox.start()
    running = asyncio.create_task(box.uplink.run())
    try:
        yield box
    finally:
        await box.uplink.stop()
        await box.outbox.stop()
        await running


def texts(envelopes: list[Envelope]) -> list[str]:
    return [envelope.event["text"] for envelope in envelopes]


def said(count: int, first: int = 1) -> list[str]:
    return [f"text {number}" for number in range(first, first + count)]


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


fates = st.builds(
    Fate,
    cut_after=st.integers(0, 12),
    stores_last=st.booleans(),
    acknowledges_last=st.booleans(),
    welcome_delay_s=st.sampled_from([0.0, 0.0, 0.01]),
    ack_every=st.integers(1, 5),
    ack_delay_s=st.sampled_from([0.0, 0.0, 0.002]),
    ack_times=st.integers(1, 3),
    max_in_flight=st.integers(0, 8),
    status=st.sampled_from([None, None, None, 500, 503, 404, 429]),
    bye=st.sampled_from([None, None, None, Bye(reason="stopping"), Bye(reason="overloaded", retry_after_s=0.01)]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(bad=st.lists(fates, max_size=8), before=st.integers(0, 30), during=st.integers(0, 30))
def test_whatever_is_cut_every_event_arrives_once_and_in_order(bad: list[Fate], before: int, during: int) -> None:
    async def run(folder: Path) -> None:
        async with FlakyServer(bad) as server:
            box = Box(folder, server, QUICK, at_once)
            await box.outbox.start()
            for number in range(1, before + 1):
                box.outbox.append(utterance(number))
            running = asyncio.create_task(box.uplink.run())
            for number in range(before + 1, before + during + 1):
                box.outbox.append(utterance(number))
                await asyncio.sleep(0.001)
            await box.until_acknowledged(before + during)
            assert texts(server.stored) == said(before + during)
            await box.uplink.stop()
            await box.outbox.stop()
            await running

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


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


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        (Fate(status=401), "the server refuses this box's token (HTTP 401)"),
        (Fate(status=403), "the server refuses this box's token (HTTP 403)"),
        (Fate(bye=Bye(reason="revoked", text="stolen")), "the server says revoked: stolen"),
        (Fate(bye=Bye(reason="unauthorized")), "the server says unauthorized"),
    ],
)
def test_a_refused_box_says_so_and_does_not_knock_again(tmp_path: Path, fate: Fate, said: str) -> None:
    async def run() -> None:
        async with FlakyServer([fate] * 100) as server, box_at(tmp_path, server) as box:
            assert await box.until_link("refused") == said
            await asyncio.sleep(0.1)
            assert server.connections == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    "fate", [Fate(bye=Bye(reason="overloaded", retry_after_s=0.3)), Fate(bye=Bye(reason="stopping", retry_after_s=0.3))]
)
def test_the_servers_wish_when_to_come_back_is_honoured(tmp_path: Path, fate: Fate) -> None:
    async def run() -> None:
        async with FlakyServer([fate]) as server, box_at(tmp_path, server) as box:
            await box.until_link("offline")
            began = time.monotonic()
            await box.until_link("online")
            assert time.monotonic() - began > 0.25

    asyncio.run(run())


def test_a_retry_after_header_is_honoured(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(status=503, retry_after="1")]) as server, box_at(tmp_path, server) as box:
            assert await box.until_link("offline") == "the server answers HTTP 503"
            began = time.monotonic()
            await box.until_link("online")
            assert time.monotonic() - began > 0.9

    asyncio.run(run())


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(status=302)]) as server, box_at(tmp_path, server) as box:
            assert await box.until_link("offline") == "the server answers HTTP 302"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "the server sent a message that cannot be read"),
        ('{"type":"ack","seq":-1}', "the server sent a message that cannot be read"),
        ('{"type":"ack","seq":99}', "seq 99 was acknowledged and never sent; the last one sent is 0"),
    ],
)
def test_nonsense_from_the_server_ends_the_connection_and_nothing_is_lost(tmp_path: Path, text: str, said: str) -> None:
    async def run() -> None:
        async with FlakyServer([Fate(says=(text,))]) as server, box_at(tmp_path, server) as box:
            await box.until_link("offline")
            assert said in box.links[-1][1]
            box.outbox.append(utterance(1))
            await box.until_acknowledged(1)

    asyncio.run(run())


def test_a_resume_beyond_all_reason_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer(resume_after=2**60) as server, box_at(tmp_path, server) as box:
            assert await box.until_link("offline") == f"the server wants to resume after {2**60}"

    asyncio.run(run())


def test_messages_of_a_newer_server_are_ignored(tmp_path: Path) -> None:
    async def run() -> None:
        news = '{"type":"weather","rain":true}'
        async with FlakyServer([Fate(says=(news,))]) as server, box_at(tmp_path, server) as box:
            box.outbox.append(utterance(1))
            await box.until_acknowledged(1)
            assert server.connections == 1

    asyncio.run(run())


def test_a_server_that_never_welcomes_is_given_up(tmp_path: Path) -> None:
    async def run() -> None:
        timing = msgspec.structs.replace(QUICK, welcome_s=0.05)
        async with FlakyServer([Fate(welcome_delay_s=0.5)]) as server, box_at(tmp_path, server, timing) as box:
            assert await box.until_link("offline") == "no welcome within 0.05 s"
            await box.until_link("online")

    asyncio.run(run())


def test_a_server_that_stores_nothing_any_more_is_left(tmp_path: Path) -> None:
    async def run() -> None:
        timing = msgspec.structs.replace(QUICK, overdue_s=0.1)
        async with FlakyServer([Fate(acknowledges=False)]) as server, box_at(tmp_path, server, timing) as box:
            box.outbox.append(utterance(1))
            await box.until_link("online")
            assert await box.until_link("offline") == "no acknowledgement for 0.1 s"
            await box.until_acknowledged(1)

    asyncio.run(run())


def test_while_the_disk_is_full_events_arrive_live_and_the_gap_later(small_disk: Path, tmp_path: Path) -> None:
    async def run() -> None:
        async with FlakyServer() as server:
            box = Box(tmp_path, server, QUICK, at_once)
            faults: list[str | None] = []
            box.outbox = box.uplink._outbox = Outbox(small_disk / "outbox.sqlite3", faults.append)
            await box.outbox.start()
            running = asyncio.create_task(box.uplink.run())
            ballast = fill(small_disk)
            number = 0
            while "outbox_full" not in faults:
                number += 1
                box.outbox.append(utterance(number))
                await server.until_stored(number)
            box.outbox.append(utterance(number + 1))
            await server.until_stored(number + 1)
            assert texts(server.stored) == said(number + 1)
            ballast.unlink()
            await server.until_stored(number + 2)
            assert server.stored[-1].event["reason"] == "outbox_full"
            assert faults == ["outbox_full", None]
            await box.uplink.stop()
            await box.outbox.stop()
            await running

    asyncio.run(run())


DEVICE = """
import asyncio, itertools, sys
from pathlib import Path
from appliance.adapters.outbox import Outbox
from appliance.adapters.uplink import Uplink
from appliance.adapters.uplink_server import Server
from appliance.delivery.messages import Hello, Result
from tests.adapters.outbox_drafts import utterance

async def run(folder, url, first):
    outbox = Outbox(folder / "outbox.sqlite3", print)
    await outbox.start()
    hello = lambda: Hello(device="box", firmware="1", boot="b", last_seq=0, clock_synchronised=True)
    uplink = Uplink(Server(url, folder / "token"), outbox, hello, lambda c: Result(id=c.id, ok=True), lambda *_: None)
    running = asyncio.create_task(uplink.run())
    for number in itertools.count(first):
        outbox.append(utterance(number))
        await outbox.flush()
        print(number, flush=True)
        await asyncio.sleep(0.0005)

asyncio.run(run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
"""


def test_a_device_killed_again_and_again_loses_nothing_and_sends_nothing_twice(tmp_path: Path) -> None:
    chance = random.Random(11)
    committed: list[str] = []

    async def live(url: str, life: int) -> None:
        command = [sys.executable, "-c", DEVICE, str(tmp_path), url, str(life * 100_000 + 1)]
        device = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
        assert device.stdout is not None
        first = await device.stdout.readline()
        await asyncio.sleep(chance.uniform(0, 0.1))
        device.kill()
        rest = await device.stdout.read()
        await device.wait()
        committed.extend(
            f"text {int(line)}" for line in (first + rest).splitlines(keepends=True) if line.endswith(b"\n")
        )

    async def run() -> None:
        bad = [Fate(cut_after=n % 5 * 40 + 1, ack_every=n % 7 + 1) if n % 3 else GOOD for n in range(40)]
        async with FlakyServer(bad) as server:
            Box(tmp_path, server, QUICK, at_once)
            for life in range(20):
                await live(server.url, life)
            async with box_at(tmp_path, server) as box:
                await box.until_acknowledged(box.outbox.committed)
            arrived = texts(server.stored)
            assert len(arrived) == len(set(arrived))
            assert set(committed) <= set(arrived)
            assert [int(text[5:]) for text in arrived] == sorted(int(text[5:]) for text in arrived)

    asyncio.run(run())


TLS = Path(__file__).with_name("tls")


def tls_server() -> FlakyServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server-with-key.pem")
    return FlakyServer(tls=context)


def test_a_server_with_a_certificate_of_our_authority_is_trusted(tmp_path: Path) -> None:
    async def run() -> None:
        async with tls_server() as server, box_at(tmp_path, server, ca_file=TLS / "ca.pem") as box:
            box.outbox.append(utterance(1))
            await box.until_acknowledged(1)

    asyncio.run(run())


def test_a_server_of_an_unknown_authority_is_not_asked_again_and_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with tls_server() as server, box_at(tmp_path, server) as box:
            assert "certificate is not accepted: unable to get local issuer" in await box.until_link("refused")
            await asyncio.sleep(0.1)
            assert len(box.links) == 1
            assert server.headers == []

    asyncio.run(run())


def test_a_token_that_others_may_read_stops_the_link_until_it_is_mended(tmp_path: Path) -> None:
    async def run() -> None:
        timing = msgspec.structs.replace(QUICK, refused_s=0.05)
        async with FlakyServer([Fate(cut_after=1)]) as server, box_at(tmp_path, server, timing) as box:
            await box.until_link("online")
            (tmp_path / "token").chmod(0o644)
            box.outbox.append(utterance(1))
            assert "other users may use this token" in await box.until_link("refused")
            (tmp_path / "token").chmod(0o600)
            await box.until_link("online")

    asyncio.run(run())


@asynccontextmanager
async def half_open_line(server: FlakyServer) -> AsyncIterator[tuple[int, Callable[[], None]]]:
    """Stand between box and server, and on demand let nothing through any more without closing anything."""
    flowing = asyncio.Event()
    flowing.set()
    tasks = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                await flowing.wait()
                writer.write(data)
        finally:
            writer.transport.abort()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", server._port)
        tasks.update({asyncio.create_task(pump(reader, up_writer)), asyncio.create_task(pump(up_reader, writer))})

    relay = await asyncio.start_server(join, "127.0.0.1", 0)
    yield relay.sockets[0].getsockname()[1], flowing.clear
    relay.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_a_half_open_connection_is_noticed(tmp_path: Path) -> None:
    async def run() -> None:
        timing = msgspec.structs.replace(QUICK, keepalive_s=0.1, close_s=0.1, open_s=0.3)
        async with FlakyServer() as server, half_open_line(server) as (port, stop_flow):
            line = FlakyServer()
            line._port = port
            async with box_at(tmp_path, line, timing) as box:
                await box.until_link("online")
                stop_flow()
                began = time.monotonic()
                await box.until_link("offline")
                assert time.monotonic() - began < 2

    asyncio.run(run())


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
            assert [type(message) for message in server.received] == [PartialMessage, EventMessage]

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
                Result(id="c", ok=False, error="the box could not do this"),
            ]

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


def test_a_stop_does_not_wait_for_a_server_that_is_away(tmp_path: Path) -> None:
    async def run() -> None:
        server = FlakyServer()
        await server.open()
        await server.close()
        box = Box(tmp_path, server, QUICK, lambda: repeat(30.0))
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
