"""The demo's parts: the central server and the device, as the processes that a customer runs."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import aiohttp

from appliance.errors import BadInputError

DEVICE: Final = "demo-desk"

START_TIMEOUT_S: Final = 20.0
"""The server opens its database and listens well within a second, also on a slow card."""

POLL_S: Final = 0.02

STOP_TIMEOUT_S: Final = 15.0
"""The device hears the last words out, tells the server, and commits."""


@contextlib.asynccontextmanager
async def process(folder: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a subcommand with its files in `folder`; stopped cleanly, or else killed, at the end."""
    # A session of its own: Ctrl-C reaches the demo alone, which then ends its parts in the right order.
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "appliance", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        cwd=folder,
    )
    try:
        yield running
    finally:
        await _stop(running)


async def _stop(running: asyncio.subprocess.Process) -> None:
    if running.returncode is not None:
        return
    running.terminate()
    try:
        # What it still prints must be read, or it might wait for us as we for it.
        await asyncio.wait_for(running.communicate(), STOP_TIMEOUT_S)
    except TimeoutError:
        running.kill()
        await running.wait()


@contextlib.asynccontextmanager
async def central(folder: Path) -> AsyncIterator[str]:
    """Run the central server on a free port of this machine and give its address."""
    port_file = folder / "address"
    credentials = folder / "credentials.json"
    add = ("central", "add-device", DEVICE, "--credentials", str(credentials), "--token-file", str(folder / "token"))
    async with process(folder, *add) as adding:
        if await adding.wait():
            raise BadInputError("the demo's device could not be enrolled", mend="see the message above")
    serve = ("central", "--listen", "127.0.0.1:0", "--database", str(folder / "central.sqlite"))
    async with process(folder, *serve, "--credentials", str(credentials), "--port-file", str(port_file)) as server:
        async with asyncio.timeout(START_TIMEOUT_S):
            while not port_file.exists() and server.returncode is None:  # noqa: ASYNC110 - news from another process
                await asyncio.sleep(POLL_S)
        if server.returncode is not None:
            raise BadInputError("the central server did not start", mend="see the message above")
        yield f"http://{port_file.read_text().strip()}"


def recording_table(recording: Path, pace: str) -> str:
    """Give the table `[line]` for a recording."""
    return f"""\
[line]
kind = "recording"
file = {json.dumps(str(recording))}
pace = {json.dumps(pace)}
"""


def write_config(folder: Path, address: str, line: str, language: str, engine: str) -> Path:
    """Write the device's settings, with `line` as the table of that name, and give their file.

    A box in an office has the same ones.
    """
    url = address.replace("http://", "ws://") + "/v1/device"
    file = folder / "device.toml"
    file.write_text(
        f"""\
[device]
name = {json.dumps(DEVICE)}
state = {json.dumps(str(folder))}

{line}
[speech]
language = {json.dumps(language)}
engine = {json.dumps(engine)}

[light]
kind = "lines"

[central]
url = {json.dumps(url)}
token_file = "token"
""",
        encoding="utf-8",
    )
    return file


async def read_lines(stream: asyncio.StreamReader | None, receive: Callable[[dict[str, Any]], None]) -> None:
    """Hand on each line of JSON that the device prints."""
    assert stream is not None  # noqa: S101 - `process` pipes it
    async for line in stream:
        receive(json.loads(line))


async def read_feed(address: str, receive: Callable[[str, dict[str, Any]], None]) -> None:
    """Hand on what the server's live feed says, as a supervisor's page gets it, until cancelled."""
    no_limit = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=no_limit) as web, web.get(f"{address}/api/live") as feed:
        kind = ""
        async for line in feed.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                receive(kind, json.loads(value))


async def get(address: str, path: str) -> dict[str, Any]:
    """Ask the server's API."""
    async with aiohttp.ClientSession() as web, web.get(f"{address}{path}") as answer:
        answer.raise_for_status()
        body: dict[str, Any] = await answer.json()
        return body
