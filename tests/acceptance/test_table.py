"""The table of conformance: our server passes it, and a flaw fails its own lines and no others."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.acceptance.table import Line, server_table
from appliance.acceptance.wire import Target
from appliance.delivery.policy import ServerTiming
from tests.central.rig import central_in

from .small_server import FLAWS, SmallServer


async def table_of(url: str, token: Path) -> list[Line]:
    target = Target(url=url, token_file=token, device="desk-1", answer_s=2.0)
    return [line async for line in server_table(target)]


def failed(lines: list[Line]) -> dict[str, str]:
    return {line.name: line.text for line in lines if line.outcome == "failed"}


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "good.token"
    path.write_text("good\n")
    path.chmod(0o600)
    return path


def test_a_server_without_flaws_passes_and_what_it_does_not_show_is_not_checked(token: Path) -> None:
    async def run() -> list[Line]:
        async with SmallServer().open() as url:
            return await table_of(url, token)

    lines = asyncio.run(run())
    assert failed(lines) == {}
    assert [line.name for line in lines if line.outcome == "not_checked"] == [
        "each event is stored once",
        "results in another order find their commands",
    ]


def test_a_flaw_fails_its_own_lines(token: Path) -> None:
    async def lines_of(flaw: str) -> set[str]:
        async with SmallServer([flaw]).open() as url:
            return set(failed(await table_of(url, token)))

    async def run() -> dict[str, set[str]]:
        return dict(zip(FLAWS, await asyncio.gather(*map(lines_of, FLAWS)), strict=True))

    assert asyncio.run(run()) == FLAWS


def test_the_reference_server_passes_the_whole_table_through_the_command(tmp_path: Path) -> None:
    async def run() -> tuple[int | None, list[dict[str, Any]]]:
        async with central_in(tmp_path, timing=ServerTiming()) as central:
            headers = tmp_path / "headers"
            headers.write_text("".join(f"{name}: {value}\n" for name, value in central.signed_in.items()))
            program = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "appliance", "conformance", f"ws://127.0.0.1:{central.port}/v1/device"),
                *(
                    "--device",
                    "desk-1",
                    "--token-file",
                    str(tmp_path / "token"),
                    "--json",
                    "--api-headers",
                    str(headers),
                ),
                stdout=subprocess.PIPE,
            )
            said, _ = await program.communicate()
            return program.returncode, json.loads(said)

    code, lines = asyncio.run(run())
    assert [line for line in lines if line["outcome"] != "passed"] == []
    assert (code, len(lines)) == (0, 19)
