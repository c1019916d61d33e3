"""Spoilt messages both ways: each is read or refused, and nothing else happens."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from pathlib import Path

import msgspec
import pytest
import websockets

from appliance.adapters.server_clock import ServerClock
from appliance.adapters.uplink_link import understood as understood_by_device
from appliance.adapters.uplink_outgoing import LinkError
from appliance.central.link import ProtocolError
from appliance.central.link import understood as understood_by_server
from appliance.central.store import Arrival, arrival
from appliance.delivery import messages
from appliance.delivery.orders import ORDERS
from appliance.delivery.policy import ServerTiming
from tests.adapters.flaky_server import Fate, FlakyServer
from tests.adapters.outbox_drafts import utterance
from tests.adapters.uplink_box import QUICK, Box, said, texts
from tests.central.rig import Central, FakeDevice, central_in, hello
from tests.central.script import started

from .mangling import FROM_DEVICE, FROM_SERVER, mangled


def read_as_server(text: bytes) -> str:
    """Do with a text what the server's link does; give what became of it."""
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        return "no text"
    try:
        message = understood_by_server(decoded)
        if isinstance(message, messages.EventMessage):
            kept = arrival("desk-1", message, _forget)
            msgspec.json.decode(kept.event_json)
    except (ProtocolError, ValueError):
        return "refused"
    return "read" if message is not None else "passed over"


def _forget(_item: Arrival) -> None: ...


def read_as_device(text: bytes) -> str:
    try:
        message = understood_by_device(text)
    except LinkError:
        return "refused"
    clock = ServerClock("boot")
    if isinstance(message, messages.Welcome | messages.Ping):
        clock.receive(message.server_time, 1.0)
        clock.now(2.0)
    if isinstance(message, messages.Command) and message.name in ORDERS:
        with contextlib.suppress(msgspec.ValidationError):
            msgspec.convert(message.arguments, ORDERS[message.name])
    return "read" if message is not None else "passed over"


def outcomes(read: Callable[[bytes], str], samples: Sequence[str], count: int, seed: int) -> Counter[str]:
    chance = random.Random(seed)
    return Counter(read(mangled(samples, chance)) for _ in range(count))


@pytest.mark.parametrize("count", [2_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_what_a_device_may_send_is_read_or_refused(count: int) -> None:
    found = outcomes(read_as_server, FROM_DEVICE, count, seed=1)
    assert set(found) == {"read", "refused", "passed over", "no text"}


@pytest.mark.parametrize("count", [2_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_what_a_server_may_send_is_read_or_refused(count: int) -> None:
    found = outcomes(read_as_device, FROM_SERVER, count, seed=2)
    assert set(found) == {"read", "refused", "passed over"}


async def say_until_refused(central: Central, token: str, texts: Iterator[bytes]) -> int:
    """Be a hostile device on one connection; give how many messages it took."""
    count = 0
    with contextlib.suppress(websockets.ConnectionClosed, TimeoutError):  # a machine may stand still for a while
        async with central.socket(token) as socket:
            await socket.send(messages.encode(hello("hostile")))
            await FakeDevice(socket).read_until(messages.Welcome)
            for text in texts:
                count += 1
                await socket.send(text, text=True)
                await asyncio.sleep(0)
                if socket.state is not websockets.protocol.State.OPEN:
                    break
    return count


@pytest.mark.parametrize("count", [150, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
def test_a_hostile_device_disturbs_no_other(tmp_path: Path, count: int) -> None:
    chance = random.Random(3)

    async def run() -> None:
        async with central_in(tmp_path, ServerTiming()) as central, central.device() as honest:
            token, spoken, seq = central.add_device("hostile"), 0, 0
            while spoken < count:
                burst = iter([mangled(FROM_DEVICE, chance) for _ in range(40)])
                spoken += await say_until_refused(central, token, burst)
                seq += 1
                await honest.send_event(seq, started())
                await honest.read_acked(seq, within_s=60)
            stats = await central.get("/api/stats")
            assert (stats["fault"], stats["devices"]["desk-1"]) == ("", {"events": seq, "newest_seq": seq})

    asyncio.run(run())


def harmless(text: bytes) -> bool:
    """Tell a message that a device must believe: what it says of events, and when to come back."""
    with contextlib.suppress(ValueError, RecursionError):
        match messages.decode_from_server(text):
            case messages.Welcome() | messages.Bye():
                return False
            case messages.Ack(seq=seq):
                return seq == 0
    return True


def spoilt(count: int, seed: int) -> list[Fate]:
    """Give connections on which a server says nonsense after its welcome, and some on which it refuses."""
    chance = random.Random(seed)
    fates = []
    while count > 0:
        says = tuple(filter(harmless, (mangled(FROM_SERVER, chance) for _ in range(chance.randrange(1, 8)))))
        count -= len(says)
        fates.append(Fate(says=says, cut_after=chance.choice((0, 1, 5)), max_in_flight=chance.choice((1, 256))))
    return fates


@pytest.mark.parametrize("count", [150, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
def test_a_hostile_server_costs_a_device_no_event(tmp_path: Path, count: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def run() -> None:
        fates = spoilt(count, seed=4)
        async with FlakyServer(fates) as server:
            box = Box(tmp_path, server, QUICK, lambda _: repeat(0.0))
            await box.outbox.start()
            running = asyncio.create_task(box.uplink.run())
            number = 0
            while server.connections < len(fates):
                if box.outbox.committed - box.outbox.acknowledged < 50:  # or the line could not carry them
                    number += 1
                    box.outbox.append(utterance(number))
                await asyncio.sleep(0.005)
            await box.until_acknowledged(number)
            await box.uplink.stop()
            await box.outbox.stop()
            await running
            assert texts(server.stored) == said(number)
            assert not {state for state, _ in box.links} - {"online", "offline"}

    asyncio.run(run())
    assert "internal error" not in caplog.text
    assert max(map(len, caplog.messages)) < 1_000
