"""A device that speaks the real protocol, and the real server for it to speak to."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import websockets
from websockets.asyncio.client import ClientConnection, connect

from appliance.central import credentials
from appliance.central.access.viewer import sign_in_viewer
from appliance.central.server import Settings, running
from appliance.central.sign_in import COOKIE, CSRF_HEADER
from appliance.delivery import messages
from appliance.delivery.policy import SUBPROTOCOL, ServerTiming
from appliance.events import Event
from appliance.secret_file import write_secret

from .script import enveloped

FAST = ServerTiming(request_s=2.0, hello_s=0.5, ping_every_s=0.1, idle_s=0.6, command_s=0.5, goodbye_s=0.5)


@dataclass
class FakeDevice:
    """One connection of a device. `read_until` answers pings by the way and keeps what it has seen in `seen`."""

    socket: ClientConnection
    seen: list[messages.FromServer] = field(default_factory=list)
    acked: int = 0

    async def send(self, message: messages.FromDevice) -> None:
        await self.socket.send(messages.encode(message))

    async def send_event(self, seq: int, event: Event | dict[str, Any], call: str = "c1") -> None:
        await self.send(messages.EventMessage(envelope=enveloped(seq, event, call)))

    async def status(self, call: str | None = "c1", **fields: Any) -> None:
        calm: dict[str, Any] = {"level": "normal", "blinking": False, "reason": ""}
        await self.send(messages.StatusMessage(**(calm | fields), call=call))

    async def read(self) -> messages.FromServer:
        message = messages.decode_from_server(await self.socket.recv())
        self.seen.append(message)
        if isinstance(message, messages.Ping):
            with contextlib.suppress(websockets.ConnectionClosed):  # what came before the close is still to be read
                await self.send(messages.Pong(id=message.id))
        if isinstance(message, messages.Ack):
            assert message.seq >= self.acked, "an ack never goes back"
            self.acked = message.seq
        return message

    async def read_until(self, kind: type[Any]) -> Any:
        async with asyncio.timeout(10):
            while not isinstance(message := await self.read(), kind):
                pass
        return message

    async def read_acked(self, seq: int, within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s):
            while self.acked < seq:
                await self.read()


@dataclass(frozen=True)
class Central:
    """A running server. `token` belongs to the device `desk-1`."""

    port: int
    token: str
    credentials: Path = Path()
    devices: int | None = None
    session: str = ""
    csrf: str = ""

    @contextlib.asynccontextmanager
    async def socket(self, token: str | None = None) -> AsyncIterator[ClientConnection]:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        url = f"ws://127.0.0.1:{self.port}/v1/device"
        async with connect(url, subprotocols=[websockets.Subprotocol(SUBPROTOCOL)], additional_headers=headers,
                           proxy=None, ping_interval=None) as socket:  # fmt: skip
            yield socket

    @contextlib.asynccontextmanager
    async def device(
        self, name: str = "desk-1", token: str | None = None, last_seq: int = 0
    ) -> AsyncIterator[FakeDevice]:
        async with self.socket(token) as socket:
            device = FakeDevice(socket)
            await device.send(hello(name, last_seq))
            welcome = await device.read_until(messages.Welcome)
            device.acked = welcome.resume_after
            yield device

    def add_device(self, name: str) -> str:
        return credentials.add_device(self.credentials, name)

    async def get(self, path: str, body: Any = None, **headers: str) -> Any:
        return json.loads((await self.ask(path, body, **headers))[2])

    async def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Give status, headers and body, as a program without a browser gets them, signed in as a supervisor."""
        return await asyncio.to_thread(ask, f"http://127.0.0.1:{self.port}{path}", body, self.signed_in | headers)

    @property
    def signed_in(self) -> dict[str, str]:
        """The headers of somebody who may see and do everything."""
        return {"Cookie": f"{COOKIE}={self.session}", CSRF_HEADER: self.csrf}


def hello(name: str = "desk-1", last_seq: int = 0) -> messages.Hello:
    return messages.Hello(
        device=name, firmware="1.2.3", boot="b1", last_seq=last_seq, clock_synchronised=True, models=("tiny-en",)
    )


def ask(url: str, body: Any, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    data = None if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} | named)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - as above
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


@contextlib.asynccontextmanager
async def central_in(folder: Path, timing: ServerTiming = FAST, port: int = 0, **fields: Any) -> AsyncIterator[Central]:
    """Run the server on the files in `folder`; a second start goes on with them."""
    token_file = folder / "token"
    settings = Settings(
        folder / "central.sqlite", folder / "credentials.json", folder / "access", port=port, timing=timing, **fields
    )
    if not token_file.exists():
        write_secret(token_file, credentials.add_device(settings.credentials, "desk-1"))
    async with running(settings) as chosen:
        session, csrf = sign_in_viewer(settings.access)
        yield Central(chosen.page, token_file.read_text(), settings.credentials, chosen.devices, session, csrf)


async def eventually(look: Callable[[], Awaitable[Any]], within_s: float = 5.0) -> Any:
    """Ask again until the answer is true, and give it."""
    async with asyncio.timeout(within_s):
        while not (found := await look()):  # noqa: ASYNC110 - what is asked is another program
            await asyncio.sleep(0.02)
    return found


class ServerProcess:
    """The real program, as a process that may be killed. Use it in `with`; the database lies in `folder`."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._folder = folder
        self._arguments = arguments
        self.port = 0

    def __enter__(self) -> Self:
        port_file = self._folder / "port"
        port_file.unlink(missing_ok=True)
        command = [
            sys.executable, "-c", "import sys; from appliance.cli import main; sys.exit(main(sys.argv[1:]))", "central",
            "--listen", f"127.0.0.1:{self.port}", "--port-file", str(port_file), *files_in(self._folder),
            *self._arguments,
        ]  # fmt: skip
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        deadline_s = time.monotonic() + 90  # beside twenty boxes that start as well
        while not port_file.exists():
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.monotonic() < deadline_s, "the server does not start"
            time.sleep(0.01)
        self.port = int(port_file.read_text().splitlines()[0].rpartition(":")[2])
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGKILL)

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """End the process with a signal; give its exit code and what it wrote to stderr."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        said = self.process.communicate(timeout=20)[1] if self.process.stderr and not self.process.stderr.closed else ""
        return self.process.returncode, said


def files_in(folder: Path) -> list[str]:
    return [
        *("--database", str(folder / "central.sqlite"), "--credentials", str(folder / "credentials.json")),
        *("--access", str(folder / "access")),
    ]
