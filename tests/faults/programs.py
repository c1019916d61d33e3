"""The device and the central server as processes, as a customer runs them, and what they leave behind."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from appliance.central import credentials
from appliance.central.access.viewer import sign_in_viewer
from appliance.central.sign_in import COOKIE
from appliance.secret_file import write_secret

DEVICE = "desk-1"
MARK = "UNDERTONE_TEST_MARK"
"""Every child inherits the environment, so what a program left behind is found by this, whoever its parent is now."""

START_S = 30.0
"""A program starts in a second here and ends in less; this is for a machine that is busy with other things."""

_Found = TypeVar("_Found")


def wait_for(look: Callable[[], _Found], within_s: float = START_S, *, every_s: float = 0.01) -> _Found:
    """Look again until something is found, and give it."""
    deadline_s = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline_s, f"not within {within_s:g} s"
        time.sleep(every_s)
    return found


@dataclass
class Program:
    """A subcommand that was started; its stdout and stderr go to files."""

    process: "subprocess.Popen[bytes]"
    out: Path
    err: Path

    def lines(self) -> list[dict[str, Any]]:
        """Give the whole lines of JSON printed so far."""
        whole, _, _ = self.out.read_text("utf-8").rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def lights(self) -> list[str]:
        """Give the words of the light's states so far, the newest last."""
        return [line["light"]["text"] for line in self.lines() if "light" in line]

    def light(self) -> str:
        return (self.lights() or [""])[-1]

    def said(self) -> str:
        return self.err.read_text("utf-8")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self, number: signal.Signals | None = None, within_s: float = START_S) -> int:
        """Send a signal, if one is given, and give the exit code."""
        if number is not None:
            self.process.send_signal(number)
        return self.process.wait(within_s)


@dataclass
class Site:
    """A folder with one server and its devices; use it in `with`, then nothing outlives the test."""

    folder: Path
    port: int
    mark: str = field(default_factory=lambda: f"{os.getpid()}-{time.monotonic_ns()}")
    started: list[Program] = field(default_factory=list)

    def start(self, *arguments: str, **environment: str) -> Program:
        name = f"{arguments[0]}-{time.monotonic_ns()}"
        out, err = (self.folder / f"{name}.{kind}" for kind in ("out", "err"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "appliance", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=self.folder,
                env=os.environ | {MARK: self.mark} | environment,
                start_new_session=True,
            )
        program = Program(process, out, err)
        self.started.append(program)
        return program

    def start_server(self) -> Program:
        """Start the central server and wait until it listens."""
        port_file = self.folder / "address"
        port_file.unlink(missing_ok=True)
        server = self.start(
            *("central", "--listen", f"127.0.0.1:{self.port}", "--port-file", str(port_file)),
            *("--database", str(self.store), "--credentials", str(self.folder / "credentials.json")),
            *("--access", str(self.folder / "access")),
        )
        wait_for(lambda: port_file.exists() or server.process.poll() is not None)
        assert server.process.poll() is None, server.said()
        return server

    def start_device(self, config: Path, **environment: str) -> Program:
        return self.start("run", "--config", str(config), "--json", **environment)

    def signed_in(self) -> str:
        """Sign a supervisor in and give the cookie."""
        return f"{COOKIE}={sign_in_viewer(self.folder / 'access').session}"

    @property
    def store(self) -> Path:
        return self.folder / "central.sqlite"

    def config(
        self,
        recording: Path,
        *,
        language: str = "en",
        pace: str = "real",
        device: str = DEVICE,
        state: Path | None = None,
        port: int | None = None,
    ) -> Path:
        """Write a device's settings; the device is enrolled when it is new, and its outbox lies in `state`."""
        token = self.folder / f"{device}.token"
        if not token.exists():
            write_secret(token, credentials.add_device(self.folder / "credentials.json", device))
        file = self.folder / f"{device}-{recording.stem}-{pace}.toml"
        file.write_text(
            f"""\
[device]
name = {json.dumps(device)}
state = {json.dumps(str(state or self.state(device)))}
[line]
kind = "recording"
file = {json.dumps(str(recording))}
pace = {json.dumps(pace)}
[speech]
language = {json.dumps(language)}
[light]
kind = "lines"
[central]
url = "ws://127.0.0.1:{port or self.port}/v1/device"
token_file = {json.dumps(token.name)}
""",
            encoding="utf-8",
        )
        return file

    def state(self, device: str = DEVICE) -> Path:
        return self.folder / f"state-{device}"

    def left_over(self) -> list[psutil.Process]:
        """Give what still runs of everything that was started here."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(MARK) == self.mark:
                    found.append(process)
        return found

    def wait_until_nothing_runs(self, within_s: float = START_S, *, but: tuple[Program, ...] = ()) -> None:
        spared = {program.process.pid for program in but}
        wait_for(lambda: all(process.pid in spared for process in self.left_over()), within_s, every_s=0.05)


@contextlib.contextmanager
def site_in(folder: Path) -> Iterator[Site]:
    # Chosen now, because a device may be told of a server that is not there yet.
    with socket.create_server(("127.0.0.1", 0)) as free:
        site = Site(folder, free.getsockname()[1])
    try:
        yield site
    finally:
        for process in site.left_over():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for program in site.started:
            program.process.wait()


def recognizer_host(device: Program) -> psutil.Process:
    """Give the process that holds the device's speech model."""
    (host,) = psutil.Process(device.process.pid).children()
    return host


def recognizer_workers(device: Program) -> list[psutil.Process]:
    """Give the running workers, in the order in which utterances go to them."""
    return sorted(recognizer_host(device).children(), key=lambda worker: (worker.create_time(), worker.pid))


def is_running(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
