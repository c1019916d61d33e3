"""Simulated devices against real servers: one that keeps the protocol, and some that do not."""

import argparse
import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.acceptance.simulation import Simulation
from appliance.adapters.uplink_dial import Door, dial
from appliance.central.credentials import Credentials
from appliance.cli.simulate_doors import opened_doors
from appliance.delivery.policy import DeviceTiming, ServerTiming
from appliance.errors import BadInputError
from appliance.traffic.shapes import Shape
from appliance.traffic.tally import Tally
from tests.adapters.flaky_server import Fate, FlakyServer
from tests.central.rig import central_in

BUSY = Shape("half a minute with an outage", 30.0, 1.0, ((0.0, 900.0), (25.0, 900.0)), away=((10.0, 14.0),))


def simulated(url: str, speed: float = 20.0) -> tuple[Simulation, asyncio.Task[Tally]]:
    door = Door(url, lambda: dial(url, None, {"Authorization": "Bearer token"}, DeviceTiming()), by_certificate=False)
    simulation = Simulation("busy", BUSY, {"desk-1": door}, speed, seed=3)
    return simulation, asyncio.create_task(simulation.run(lambda _text: None))


def test_a_server_that_is_never_told_to_break_takes_everything_once() -> None:
    async def run() -> tuple[Tally, list[int]]:
        async with FlakyServer([Fate()]) as server:
            _, running = simulated(server.url)
            tally = await running
            return tally, [envelope.seq for envelope in server.stored]

    tally, stored = asyncio.run(run())
    assert tally.holds
    assert tally.events == tally.acknowledged == len(stored) > 10
    assert sorted(set(stored)) == stored
    assert [(each.devices, each.bound_s) for each in tally.returned] == [(1, 30.0)]
    assert tally.backlog is not None
    assert tally.backlog.events > 0


def test_a_server_that_acknowledges_nothing_is_found_out() -> None:
    async def run() -> Tally:
        async with FlakyServer([Fate(acknowledges=False)] * 5) as server:
            simulation, running = simulated(server.url, speed=100.0)
            await asyncio.sleep(0.2)
            simulation.stop()
            simulation.flush_s = 0.5
            return await running

    tally = asyncio.run(run())
    assert not tally.holds
    assert 0 < tally.waiting <= tally.events


def test_a_server_that_lets_nobody_in_is_not_taken_for_a_good_one() -> None:
    async def run() -> Tally:
        async with FlakyServer([Fate(status=401)] * 9) as server:
            simulation, running = simulated(server.url, speed=100.0)
            while simulation.devices[0].uplink.diagnosis is None:  # noqa: ASYNC110 - the uplink has no bell for this
                await asyncio.sleep(0.01)
            simulation.flush_s = 0.1
            simulation.stop()
            return await running

    tally = asyncio.run(run())
    assert not tally.holds
    assert tally.unwelcome == 1
    assert list(tally.endings) == ["the server refuses this box's token (HTTP 401)"]


def test_tokens_that_others_may_read_are_refused_and_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("desk-1 secret\n")
    tokens.chmod(0o644)
    arguments = argparse.Namespace(
        url="ws://127.0.0.1:9/", ca_file=None, tokens=tokens, credentials=None, access=None, prefix="x", devices=1
    )
    with pytest.raises(BadInputError, match="other users"), opened_doors(arguments):
        pass
    tokens.chmod(0o600)
    with opened_doors(arguments) as doors:
        assert list(doors) == ["desk-1"]
    tokens.write_text("desk-1 secret\ndesk-2\n")
    with pytest.raises(BadInputError, match="line 2"), opened_doors(arguments):
        pass


def test_the_command_drives_our_own_server_looks_into_its_store_and_leaves_no_token_behind(tmp_path: Path) -> None:
    async def run() -> tuple[int | None, str]:
        async with central_in(tmp_path, timing=ServerTiming(return_within_s=0.5)) as central:
            headers = tmp_path / "headers"
            headers.write_text("".join(f"{name}: {value}\n" for name, value in central.signed_in.items()))
            program = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "appliance", "simulate", f"ws://127.0.0.1:{central.port}/v1/device"),
                *("--devices", "5", "--shape", "outage", "--speed", "300", "--json"),
                *("--credentials", str(tmp_path / "credentials.json"), "--api-headers", str(headers)),
                stdout=subprocess.PIPE,
            )
            said, _ = await program.communicate()
            return program.returncode, said.decode()

    code, said = asyncio.run(run())
    tally = json.loads(said)
    assert (code, tally["stored"], tally["lost"], tally["waiting"]) == (0, True, 0, 0)
    assert tally["events"] == tally["acknowledged"] > 0
    assert tally["returned"][0]["devices"] == 5
    assert Credentials(tmp_path / "credentials.json").device_of("") is None
    assert b"simulated" not in (tmp_path / "credentials.json").read_bytes()


def test_without_a_way_in_the_command_says_what_to_give() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "simulate", "ws://127.0.0.1:9/v1/device"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--tokens FILE" in done.stderr
