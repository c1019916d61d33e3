"""What the central server bears: durable events for each second of CPU, how soon a page shows them, memory of a box."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
import psutil

from appliance.central import credentials
from appliance.central.access.people import add_person
from appliance.central.access.store import open_access
from appliance.central.access.viewer import sign_in_viewer
from appliance.central.sign_in import COOKIE
from tests.bench.live_feed import Central, central
from tests.bench.options import Options, say
from tests.bench.processes import CHECKOUT
from tests.bench.rows import Row, row
from tests.bench.server_load import Loaded, Plan
from tests.bench.server_page import Watched

FLOODING: Final = 20
FLOOD_EVENTS: Final = 2_000
"""Each of so many devices has a backlog of so many events: a quarter of an hour."""

PER_S: Final = 5.0
"""Events of one device: more than a call has at its busiest."""

WANTED: Final = 5_000
PACES: Final = (250, 500, 750, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000)
"""So many devices are tried one after the other, until the server is too slow."""

PACE_S: Final = 8.0
PAGE_MS: Final = 250.0

IDLE: Final = 500

TEAM: Final = 50
"""Boxes of the supervisor whose page is open."""


class Served(NamedTuple):
    """What a server has spent on a load."""

    loaded: Loaded
    cpu_s: float

    @property
    def per_cpu_s(self) -> float:
        """Messages for each second of CPU."""
        return self.loaded.acknowledged / self.cpu_s


def rows(options: Options) -> list[Row]:
    """Measure; `options.repeats` is how often the flood and its peer take turns, and the best of each counts."""
    floods, echoes = [], []
    with central() as server, _echo() as echo:
        for _ in range(options.repeats):
            echoes.append(_flood(echo.port, echo.process, None))
            floods.append(_flood(server.port, server.process, server))
    best, peer = max(floods, key=lambda each: each.per_cpu_s), max(echoes, key=lambda each: each.per_cpu_s)
    name = "bare websockets echo"
    found = [
        row(
            "server.events_per_cpu_s", best.per_cpu_s, "events/s", peer=name, peer_value=peer.per_cpu_s,
            bar="ratio >= 0.5",
        ),
        row(
            "server.events_per_s", best.loaded.acknowledged / best.loaded.took_s, "events/s", peer=name,
            peer_value=peer.loaded.acknowledged / peer.loaded.took_s,
        ),
    ]  # fmt: skip
    return [*found, *_paced(), *_idle()]


def _paced() -> list[Row]:
    """Give the most devices that a server bears at their pace, and how soon a page shows what they say."""
    held: tuple[int, Loaded, Watched] | None = None
    for devices in PACES:
        with central() as server:
            loaded, watched = _pace(server, devices)
        say(f"server: {devices} devices: {loaded}, page {watched}")
        if watched.p95_ms > PAGE_MS or loaded.acknowledged < loaded.sent or not watched.events:
            break
        held = (devices, loaded, watched)
    if held is None:
        return [row("server.devices", 0, "devices", bar=f"value >= {WANTED}")]
    devices, loaded, watched = held
    return [
        row("server.devices", devices, "devices", bar=f"value >= {WANTED}"),
        row("server.page_p95", watched.p95_ms, "ms", bar=f"value <= {PAGE_MS:g}"),
        row("server.page_p50", watched.p50_ms, "ms"),
        row("server.ack_p95", loaded.ack_ms[1], "ms"),
        row("server.load_late_p95", loaded.late_ms, "ms"),
    ]


def _idle() -> list[Row]:
    with central() as server:
        before = _memory(server.process)
        with _loading(Plan(port=server.port, how="idle", tokens=_tokens(server, IDLE))) as load:
            after = _memory(server.process)
            _finish(load)
    return [row("server.memory_per_idle_connection", (after - before) / IDLE / 1024, "KiB")]


def _flood(port: int, process: psutil.Process, server: Central | None) -> Served:
    names = _names(FLOODING)
    tokens = dict.fromkeys(names, "none") if server is None else _tokens(server, FLOODING)
    plan = Plan(port=port, how="flood", tokens=tokens, echo=server is None, events=FLOOD_EVENTS)
    with _loading(plan) as load:
        before_s = _cpu_s(process)
        loaded = _finish(load)
        return Served(loaded, _cpu_s(process) - before_s)


def _pace(server: Central, devices: int) -> tuple[Loaded, Watched]:
    """Load a server with so many devices, while one supervisor watches a team of them."""
    tokens = _tokens(server, devices)
    cookie = f"{COOKIE}={_supervisor(server, list(tokens)[:TEAM])}"
    plan = Plan(port=server.port, how="pace", tokens=tokens, per_s=PER_S, lasts_s=PACE_S)
    with _program("server_page", server.address, cookie) as page, _loading(plan) as load:
        _wait_ready(page)
        loaded = _finish(load)
        return loaded, msgspec.json.decode(_told(page), type=Watched)


def _supervisor(server: Central, team: Sequence[str]) -> str:
    """Sign somebody in who sees this team alone."""
    with contextlib.closing(open_access(server.folder / "access")) as database:
        for device in team:
            database.execute("INSERT INTO teams (device, team) VALUES (?, 'bench')", (device,))
        add_person(database, "lead", ["supervisor"], ["bench"])
    return sign_in_viewer(server.folder / "access", "lead").session


@contextlib.contextmanager
def _loading(plan: Plan) -> Iterator["subprocess.Popen[str]"]:
    with _program("server_load", msgspec.json.encode(plan).decode()) as load:
        _wait_ready(load)
        yield load


@contextlib.contextmanager
def _program(module: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:  # fmt: skip
        try:
            yield program
        finally:
            program.kill()


class _Echo(NamedTuple):
    port: int
    process: psutil.Process


@contextlib.contextmanager
def _echo() -> Iterator[_Echo]:
    with _program("echo_server") as program:
        assert program.stdout is not None
        yield _Echo(int(program.stdout.readline()), psutil.Process(program.pid))


def _wait_ready(program: "subprocess.Popen[str]") -> None:
    assert program.stdout is not None
    if program.stdout.readline() != "ready\n":
        raise RuntimeError("a program of the benchmark did not start; what it said stands above")


def _finish(load: "subprocess.Popen[str]") -> Loaded:
    return msgspec.json.decode(_told(load), type=Loaded)


def _told(program: "subprocess.Popen[str]") -> str:
    """Let a program go on, and give what it tells at its end."""
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write("\n")
    program.stdin.flush()
    return program.stdout.readline()


def _names(count: int) -> list[str]:
    return [f"load-{time.time_ns()}-{number}" for number in range(count)]


def _tokens(server: Central, count: int) -> dict[str, str]:
    return credentials.add_devices(server.folder / "credentials.json", _names(count))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _memory(process: psutil.Process) -> int:
    return int(process.memory_full_info().pss)
