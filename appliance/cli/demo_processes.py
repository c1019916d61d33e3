"""The demo's parts: the central server and the device, as the processes that a customer runs."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp

from appliance.central.access import sessions
from appliance.central.access.store import open_access
from appliance.central.access.viewer import sign_in_viewer
from appliance.central.sign_in import COOKIE
from appliance.errors import BadInputError

DEVICE: Final = "demo-desk"
VIEWER: Final = "demo"

START_TIMEOUT_S: Final = 20.0
"""The server opens its database and listens well within a second, also on a slow card."""

POLL_S: Final = 0.02

STOP_TIMEOUT_S: Final = 15.0
"""The device hears the last words out, tells the server, and commits."""


class Served(NamedTuple):
    """A server that runs: its address, its folder of who may come in, and the cookie of somebody who is signed in."""

    address: str
    access: Path
    cookie: str

    def url(self, path: str) -> str:
        """Give the address of something there."""
        return self.address + path

    def link(self) -> str:
        """Give an address that opens the page for whoever takes it first, with no password."""
        with contextlib.closing(open_access(self.access)) as database:
            return self.url(f"/sign-in#link={sessions.make_link(database, VIEWER)}")


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
async def central(folder: Path) -> AsyncIterator["Served"]:
    """Run the central server on a free port of this machine, with somebody signed in who may see everything."""
    port_file, access = folder / "address", folder / "access"
    credentials = folder / "credentials.json"
    add = ("central", "add-device", DEVICE, "--credentials", str(credentials), "--token-file", str(folder / "token"))
    async with process(folder, *add) as adding:
        if await adding.wait():
            raise BadInputError("the demo's device could not be enrolled", mend="see the message above")
    cookie = f"{COOKIE}={sign_in_viewer(access, VIEWER).session}"
    serve = ("central", "--listen", "127.0.0.1:0", "--database", str(folder / "central.sqlite"))
    files = ("--credentials", str(credentials), "--access", str(access), "--port-file", str(port_file))
    async with process(folder, *serve, *files) as server:
        async with asyncio.timeout(START_TIMEOUT_S):
            while not port_file.exists() and server.returncode is None:  # noqa: ASYNC110 - news from another process
                await asyncio.sleep(POLL_S)
        if server.returncode is not None:
            raise BadInputError("the central server did not start", mend="see the message above")
        yield Served(f"http://{port_file.read_text().strip()}", access, cookie)


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


async def read_feed(served: Served, receive: Callable[[str, dict[str, Any]], None]) -> None:
    """Hand on what the server's live feed says, as a supervisor's page gets it, until cancelled."""
    no_limit = aiohttp.ClientTimeout(total=None)
    headers = {"Cookie": served.cookie}
    url = served.url("/api/live")
    async with aiohttp.ClientSession(timeout=no_limit) as web, web.get(url, headers=headers) as feed:
        kind = ""
        async for line in feed.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                receive(kind, json.loads(value))


async def get(served: Served, path: str) -> dict[str, Any]:
    """Ask the server's API."""
    headers = {"Cookie": served.cookie}
    async with aiohttp.ClientSession() as web, web.get(served.url(path), headers=headers) as answer:
        answer.raise_for_status()
        body: dict[str, Any] = await answer.json()
        return body
