"""The central server as a program, and what a reader of its live feed sees the moment it is stored."""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
import psutil

from appliance.central.access.viewer import sign_in_viewer
from appliance.central.sign_in import COOKIE
from tests.bench.device import COMMAND
from tests.bench.processes import CHECKOUT

START_TIMEOUT_S: Final = 20.0


class Central(NamedTuple):
    """A running server with its files in `folder`; `settings` is the device's table for it."""

    address: str
    settings: str
    cookie: str
    folder: Path
    process: psutil.Process

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.address.rpartition(":")[2])


class Seen(NamedTuple):
    """One event of the feed. It was committed before it was sent, so `seen_s` is when it was safe, or just after.

    All times are seconds of UTC on this machine; `heard_s` is when the event's last sample had arrived, `shown_s`
    when the light showed it.
    """

    seen_s: float
    heard_s: float | None
    shown_s: float | None
    event: dict[str, Any]


@contextlib.contextmanager
def central() -> Iterator[Central]:
    """Run the server with an empty store and one device."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token, port_file = folder / "token", folder / "port"
        undertone = [sys.executable, *COMMAND, "central"]
        files = ["--credentials", str(folder / "credentials.json")]
        subprocess.run([*undertone, "add-device", "bench", *files, "--token-file", token], check=True, cwd=CHECKOUT)
        files += ["--access", str(folder / "access")]
        cookie = f"{COOKIE}={sign_in_viewer(folder / 'access').session}"
        files += ["--port-file", str(port_file), "--database", str(folder / "central.sqlite")]
        command = [*undertone, "--listen", "127.0.0.1:0", *files]
        server = subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.DEVNULL)
        try:
            address = _address(port_file)
            settings = f'[central]\nurl = "ws://{address}/v1/device"\ntoken_file = {json.dumps(str(token))}\n'
            yield Central(address, settings, cookie, folder, psutil.Process(server.pid))
        finally:
            server.terminate()
            server.wait()


async def events_of_a_call(server: Central) -> list[Seen]:
    """Read the live feed until a call has ended; gives its events with the time at which each was seen."""
    seen: list[Seen] = []
    timeout = aiohttp.ClientTimeout(total=None)
    url, headers = f"http://{server.address}/api/live", {"Cookie": server.cookie}
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, headers=headers) as feed:
        kind = ""
        async for line in feed.content:
            field, _, value = line.decode().strip().partition(": ")
            if field == "event":
                kind = value
            elif field == "data" and kind == "event":
                seen.append(_seen(json.loads(value)))
                if seen[-1].event["type"] == "call_ended":
                    return seen
    raise RuntimeError("the server closed its live feed before the call ended")


def _address(port_file: Path) -> str:
    give_up_s = time.monotonic() + START_TIMEOUT_S
    while not port_file.exists():
        if time.monotonic() > give_up_s:
            raise RuntimeError("the central server did not start")
        time.sleep(0.05)
    return port_file.read_text().strip()


def _seen(message: dict[str, Any]) -> Seen:
    heard, shown = message["heard_at"], message["shown_at"]
    return Seen(time.time(), _utc_s(heard) if heard else None, _utc_s(shown) if shown else None, message["event"])


def _utc_s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
