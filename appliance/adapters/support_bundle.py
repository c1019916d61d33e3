"""An archive for whoever helps from afar: what the box is and how it has been, and nothing of what was said.

Everything in it passes by being known as harmless, not by looking harmless: of the settings the words of our own
choosing, of the log the events' names and measures, of the outbox counts. Names, addresses, numbers that were called,
tokens and speech are none of these.
"""

import io
import json
import os
import platform
import re
import sqlite3
import subprocess
import tarfile
import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

import msgspec

from appliance.adapters import machine_state
from appliance.adapters.machine_checks import Finding
from appliance.version import VERSION

HARMLESS_KEYS: Final = frozenset(
    {
        *("kind", "pace", "sides", "rate_hz", "band", "language", "engine", "identity", "feelings", "hide_names"),
        *("keys", "transport", "port", "brightness", "night"),
    }
)
"""Keys of the settings whose texts are words of the program; numbers and yes or no pass under every key."""

HARMLESS_TEXT: Final = re.compile(r"[a-z0-9_]{1,20}")

JOURNAL: Final = ("journalctl", "--no-pager", "--output=short-iso", "--lines=5000", "--unit=undertone*")
JOURNAL_S: Final = 20.0

_TIME: Final = re.compile(r"^\d{4}-\d{2}-\d{2}T\S+")
_LEVEL: Final = re.compile(r"\b(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")
_WORD: Final = r"(?:event|state|fault|reason|side|kind)=[a-z_]{1,40}"
_NUMBER: Final = r"(?:[a-z_]{1,30}_(?:s|ms|hz|dbfs|bytes|samples)|count|port|seq|status)=-?\d{1,12}(?:\.\d+)?"
_QUOTED: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_FACT: Final = re.compile(rf"\b(?:{_WORD}|{_NUMBER})(?=\s|$)")


def write_bundle(path: Path, config: Path | None, state: Path, findings: Sequence[Finding]) -> list[str]:
    """Write the archive, for its owner alone, and give the names of what is in it."""
    files = {
        "doctor.json": json.dumps(msgspec.to_builtins(list(findings)), indent=2),
        "program.json": json.dumps(_program(), indent=2),
        "machine.json": json.dumps(_machine(state), indent=2),
        "settings.json": json.dumps(_settings(config), indent=2),
        "outbox.json": json.dumps(_outbox(state / "outbox.db"), indent=2),
        "log.txt": "".join(f"{line}\n" for line in _journal()),
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream, tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(f"undertone-support/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return list(files)


def harmless(value: Any, key: str = "") -> Any:  # noqa: ANN401 - any value of TOML
    """Give settings with every text taken out that somebody made up."""
    match value:
        case dict():
            return {name: harmless(each, name) for name, each in value.items()}
        case list():
            return [harmless(each, key) for each in value]
        case bool() | int() | float():
            return value
        case str() if key in HARMLESS_KEYS and HARMLESS_TEXT.fullmatch(value):
            return value
        case _:
            return "(kept back)"


def harmless_line(line: str) -> str:
    """Give of a line of the log its time, its level, the event's name and the numbers beside it.

    Whatever stands in quotation marks was made up by somebody, and is taken out first.
    """
    line = _QUOTED.sub("", line)
    found = [match[0] for pattern in (_TIME, _LEVEL) if (match := pattern.search(line))]
    return " ".join([*found, *(fact[0] for fact in _FACT.finditer(line))])


def _settings(config: Path | None) -> Any:  # noqa: ANN401 - as above
    if config is None:
        return None
    try:
        return harmless(tomllib.loads(config.read_text("utf-8")))
    except (OSError, ValueError) as error:
        return f"cannot be read: {type(error).__name__}"


def _program() -> dict[str, Any]:
    packages = sorted(f"{package.name} {package.version}" for package in distributions())
    return {"version": VERSION, "python": platform.python_version(), "packages": packages}


def _machine(state: Path) -> dict[str, Any]:
    memory = dict(re.findall(r"^(MemTotal|MemAvailable): +(\d+)", _read(Path("/proc/meminfo")), re.MULTILINE))
    return {
        "machine": platform.machine(),
        "kernel": platform.release(),
        "board": _read(Path("/sys/firmware/devicetree/base/model")).strip("\0"),
        "uptime_s": float((_read(Path("/proc/uptime")).split() or ["0"])[0]),
        "memory_kib": {name: int(count) for name, count in memory.items()},
        "load": os.getloadavg(),
        "temperature_c": machine_state.temperature_c(),
        "throttled": machine_state.throttled(),
        "free_bytes": machine_state.free_bytes(state),
    }


def _outbox(path: Path) -> dict[str, Any]:
    """Count the events that wait, by their type; a running device holds the file for itself."""
    if not path.is_file():
        return {"file": False}
    found: dict[str, Any] = {"file": True, "bytes": path.stat().st_size}
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0.5)
        rows = database.execute(
            "SELECT json_extract(CAST(event AS TEXT), '$.type'), count(*), min(seq), max(seq) FROM events GROUP BY 1"
        )
        found["events"] = {kind: {"count": count, "first": first, "last": last} for kind, count, first, last in rows}
        database.close()
    except sqlite3.Error as error:
        found["events"] = f"cannot be counted: {type(error).__name__}"
    return found


def _journal() -> Iterator[str]:
    try:
        done = subprocess.run(JOURNAL, capture_output=True, text=True, timeout=JOURNAL_S, check=False, errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return
    yield from filter(None, map(harmless_line, done.stdout.splitlines()))


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
