"""A box on a network that is slow, lossy, cut, or silently gone: nothing is lost, doubled or reordered."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.adapters import identity
from appliance.adapters.outbox import Outbox
from appliance.adapters.uplink import LinkState, Uplink
from appliance.adapters.uplink_server import Server
from appliance.central.access.authority import read_request
from appliance.central.access.ca import CA
from appliance.central.access.store import open_access
from appliance.delivery.enrolment import Certified
from appliance.delivery.messages import Command, Hello, Result
from appliance.delivery.policy import DeviceTiming, ServerTiming
from tests.adapters.outbox_drafts import call_ended, call_started, utterance
from tests.central.rig import Central, central_in

from .bad_line import OURS, BadLine

WATCHFUL = DeviceTiming(ping_every_s=0.2, silent_s=1.0, overdue_s=2.0, open_s=2.0, welcome_s=2.0, close_s=0.2)
WATCHFUL_SERVER = ServerTiming(ping_every_s=0.2, idle_s=1.0, goodbye_s=0.2)
PATIENT = DeviceTiming()
EVENT_EVERY_S = 0.02

Script = Callable[[BadLine, "Life"], Awaitable[None]]
"""What becomes of the line while the box speaks; when it ends, the line is good again."""


class Life:
    """A box at the far end of the line, while it speaks."""

    def __init__(self, folder: Path, url: str, timing: DeviceTiming) -> None:
        self.links: list[LinkState] = []
        self.said = 0
        self.outbox = Outbox(folder / "outbox.db", lambda _: None)
        server = Server(url, identity=folder)
        self.uplink = Uplink(server, self.outbox, self.hello, self.do, self.note, timing=timing)

    def hello(self) -> Hello:
        return Hello(device="desk-1", firmware="1", boot="b", last_seq=0, clock_synchronised=True)

    async def do(self, command: Command) -> Result:
        return Result(id=command.id, ok=True)

    def note(self, state: LinkState, _text: str) -> None:
        self.links.append(state)

    async def speak(self) -> None:
        """Say something again and again, until cancelled."""
        while True:
            self.said += 1
            self.outbox.append(utterance(self.said))
            await asyncio.sleep(EVENT_EVERY_S)

    async def until(self, condition: Callable[[], bool], within_s: float = 120.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110 - several threads change what is looked at
                await asyncio.sleep(0.02)

    async def run(self, line: BadLine, script: Script) -> None:
        await self.outbox.start()
        self.outbox.append(call_started())
        running = asyncio.create_task(self.uplink.run())
        speaking = asyncio.create_task(self.speak())
        await script(line, self)
        speaking.cancel()
        self.outbox.append(call_ended(self.said * 16_000))
        line.cut, line.loss, line.delay_s = False, 0.0, 0.0
        await self.until(lambda: self.outbox.acknowledged == self.said + 2)
        await self.uplink.stop()
        await self.outbox.stop()
        await running


class Outcome(NamedTuple):
    links: list[LinkState]
    said: int
    line: BadLine


def enrolled(folder: Path, ca: CA) -> Path:
    """Give the identity of a box as this authority's claim would have given it."""
    csr = read_request(identity.signing_request(identity.pending_key(folder)))
    identity.keep(folder, Certified("desk-1", ca.issue_device("desk-1", csr), ca.bundle()))
    return folder


def deliver(folder: Path, script: Script, timing: DeviceTiming, server_timing: ServerTiming) -> Outcome:
    """Run a box through the script and check what the server has in the end."""

    async def run(line: BadLine) -> Outcome:
        with closing(open_access(folder / "access")) as database:
            ca = CA(folder / "access", database)
            ca.init([OURS])
            box = enrolled(folder / "box", ca)
            async with central_in(folder, server_timing, device_host=OURS) as central:
                lives: list[Life] = []

                async def live() -> None:
                    lives.append(Life(box, f"wss://{OURS}:{central.devices}/v1/device", timing))
                    await lives[0].run(line, script)

                await line.from_box(live)
                await check(central, lives[0].said)
                return Outcome(lives[0].links, lives[0].said, line)

    with BadLine() as line:
        return asyncio.run(run(line))


async def check(central: Central, said: int) -> None:
    events = (await central.get("/api/calls/desk-1/c1"))["events"]
    assert [entry["event"].get("number") for entry in events] == [None, *range(1, said + 1), None]
    numbers = [entry["seq"] for entry in events]
    assert numbers == sorted(set(numbers))


async def lose_packets(line: BadLine, life: Life) -> None:
    line.loss = 0.2
    await life.until(lambda: life.said >= 250)


async def be_slow(line: BadLine, life: Life) -> None:
    line.delay_s = 2.0
    await life.until(lambda: "online" in life.links)
    await life.until(lambda: life.outbox.acknowledged > 100)


async def go_silent(line: BadLine, life: Life) -> None:
    await life.until(lambda: "online" in life.links)
    line.cut = True
    await life.until(lambda: life.links[-1] == "offline")


async def cut_again_and_again(line: BadLine, life: Life) -> None:
    for cut in range(1, 9):
        await life.until(lambda: life.links[-1:] == ["online"])
        await life.until(lambda target=life.said + 20: life.said >= target)  # type: ignore[misc]
        line.cut, line.loss = True, 0.1 * (cut % 3)
        await life.until(lambda: life.links[-1] == "offline")
        line.cut = False


async def pause_shortly(line: BadLine, life: Life) -> None:
    await life.until(lambda: "online" in life.links)
    for _ in range(3):
        line.cut = True
        await asyncio.sleep(4.0)
        line.cut = False
        await asyncio.sleep(3.0)


def test_a_line_that_goes_silent_is_noticed_by_both_ends_and_nothing_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = deliver(tmp_path, go_silent, WATCHFUL, WATCHFUL_SERVER)
    assert found.links[:3] == ["online", "offline", "online"]
    assert caplog.text.count("device_silent device=desk-1") + caplog.text.count("device_replaced device=desk-1") == 1


@pytest.mark.soak
def test_a_line_that_loses_every_fifth_packet_loses_no_event(tmp_path: Path) -> None:
    found = deliver(tmp_path, lose_packets, PATIENT, ServerTiming())
    assert found.line.lost > 20


@pytest.mark.soak
def test_two_seconds_of_delay_each_way_are_borne(tmp_path: Path) -> None:
    found = deliver(tmp_path, be_slow, PATIENT, ServerTiming())
    assert found.links == ["online", "offline"], "it never lost the link before it was stopped"


@pytest.mark.soak
def test_a_line_that_is_cut_again_and_again_loses_no_event(tmp_path: Path) -> None:
    found = deliver(tmp_path, cut_again_and_again, WATCHFUL, WATCHFUL_SERVER)
    assert found.links.count("offline") >= 8


@pytest.mark.soak
def test_a_short_silence_is_sat_out(tmp_path: Path) -> None:
    found = deliver(tmp_path, pause_shortly, PATIENT, ServerTiming())
    assert found.links == ["online", "offline"]
