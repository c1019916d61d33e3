"""A device in Go against our server, and against a server that does everything that makes delivery hard."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from appliance.acceptance.device_checks import EVENTS_NEEDED
from appliance.acceptance.device_stage import Stage
from appliance.acceptance.table import Line, device_table
from appliance.delivery.messages import Bye, Command, Ping, Pong, Result
from tests.acceptance.test_device_table import HURRIED
from tests.adapters.flaky_server import Fate, FlakyServer
from tests.central.rig import central_in

SOURCE = Path(__file__).parent / "client"
COUNT = 60
ENOUGH = 2 * EVENTS_NEEDED


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no Go on this machine: its client is not tested")
    program = tmp_path_factory.mktemp("go") / "client"
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    command = [go, "build", "-o", str(program), "."]
    built = subprocess.run(command, cwd=SOURCE, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return program


async def deliver(client: Path, port: int, token: str, count: int = COUNT) -> tuple[int | None, str]:
    program = await asyncio.create_subprocess_exec(
        client, f"127.0.0.1:{port}", token, str(count), stderr=subprocess.PIPE
    )
    _, said = await program.communicate()
    return program.returncode, said.decode()


def test_our_server_stores_each_of_its_events_once_and_in_order(client: Path, tmp_path: Path) -> None:
    async def run() -> Any:
        async with central_in(tmp_path) as central:
            assert await deliver(client, central.port, central.token) == (0, "")
            return await central.get("/api/calls/desk-1/interop")

    stored = asyncio.run(run())
    assert [entry["seq"] for entry in stored["events"]] == list(range(2, 2 * COUNT + 1, 2))


def test_it_delivers_through_cuts_lost_and_repeated_acks_refusals_and_a_small_window(client: Path) -> None:
    fates = [
        Fate(cut_after=3),
        Fate(status=503),
        Fate(cut_after=1, stores_last=False),
        Fate(cut_after=5, acknowledges_last=True, ack_times=3),
        Fate(bye=Bye(reason="overloaded")),
        Fate(max_in_flight=2, ack_delay_s=0.002, ack_every=2, says=('{"type":"weather","rain":true}',)),
    ]

    async def run() -> list[int]:
        async with FlakyServer(fates) as server:
            assert await deliver(client, int(server.url.rpartition(":")[2].partition("/")[0]), "x") == (0, "")
            assert server.connections == len(fates)
            await server.until(lambda: server.received[-1] == Bye(reason="stopping"))
            return [envelope.seq for envelope in server.stored]

    assert asyncio.run(run()) == list(range(2, 2 * COUNT + 1, 2))


def test_it_answers_pings_and_does_a_command_once(client: Path) -> None:
    commands = [Command(id="a", name="identify"), Command(id="b", name="dance"), Command(id="a", name="identify")]

    async def run() -> list[Any]:
        async with FlakyServer([Fate(ack_delay_s=0.05, max_in_flight=2)]) as server:
            delivering = asyncio.create_task(deliver(client, int(server.url.split(":")[2].partition("/")[0]), "x"))
            await server.until(lambda: bool(server.stored))
            await server.say(Ping(id=9))
            for command in commands:
                await server.say(command)
            assert await delivering == (0, "")
            return [each for each in server.received if isinstance(each, Pong | Result)]

    pong, *results = asyncio.run(run())
    assert pong == Pong(id=9)
    assert [(each.id, each.ok, each.code) for each in results] == [
        ("a", True, ""),
        ("b", False, "unknown_command"),
        ("a", True, ""),
    ]


def test_it_passes_the_table_for_devices(client: Path) -> None:
    async def run() -> list[Line]:
        stage = Stage(HURRIED)
        async with stage.open("127.0.0.1", 0) as url:
            program = await asyncio.create_subprocess_exec(client, url.split("/")[2], "x", str(ENOUGH))
            lines = [line async for line in device_table(stage)]
            program.kill()
            await program.wait()
        return lines

    assert [line for line in asyncio.run(run()) if line.outcome != "passed"] == []
