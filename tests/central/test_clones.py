"""An identity that is used at two places."""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.central.clones import Clones
from appliance.delivery import messages

from .conftest import Start
from .rig import Central, FakeDevice, hello


@given(st.lists(st.integers(1, 4), min_size=1))
def test_a_box_that_starts_again_and_reconnects_is_never_taken_for_two(connections: list[int]) -> None:
    clones = Clones()
    for boot, times in enumerate(connections):
        assert not any(clones.receive("desk-1", f"boot{boot}") for _ in range(times))


def test_a_boot_that_comes_back_is_told_once() -> None:
    clones = Clones()
    assert [clones.receive("desk-1", boot) for boot in "aababb"] == [False, False, False, True, False, False]
    assert not clones.receive("desk-2", "a")


def test_a_copied_identity_is_told_on_the_wall_in_the_record_and_once_in_the_log(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    async def connect(central: Central, boot: str) -> dict[str, Any]:
        async with central.socket() as socket:
            device = FakeDevice(socket)
            await device.send(msgspec.structs.replace(hello(), boot=boot))
            await device.read_until(messages.Welcome)
            state: dict[str, Any] = (await central.get("/api/devices"))["devices"][0]
            return state

    async def run() -> None:
        async with start() as central:
            told = [(await connect(central, boot))["cloned"] for boot in ("a", "b", "a", "b", "a")]
            assert told == [False, False, True, True, True]
            entries = (await central.get("/api/audit"))["entries"]
            cloned = [entry for entry in entries if entry["action"] == "device_cloned"]
            assert [(entry["who"], entry["device"], entry["remote"]) for entry in cloned] == [
                ("(server)", "desk-1", "127.0.0.1")
            ]

    asyncio.run(run())
    assert caplog.text.count("device_cloned device=desk-1") == 1
