"""Examines this machine for everything that Undertone needs. Each check gives findings and changes nothing."""

import importlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

import msgspec

from appliance.adapters import model_store, paths
from appliance.errors import BadInputError
from appliance.events import Band
from appliance.models.catalogue import Catalogue
from appliance.models.choice import choose_installed

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 13)
SPARE_BYTES = 1024**3  # a model being unpacked, and weeks of events
IMPORT_TIMEOUT_S = 60.0  # an SD card can take a while; a library that hangs must not take the doctor along
CLOCK_TIMEOUT_S = 5.0
TELL_CHARACTERS = 200  # enough of an error to name its cause

# Module, what needs it, what mends it. Imported in a process of its own: a broken C library may end the process.
MODULES = (
    ("numpy", "all signal work", "pip install numpy"),
    ("soxr", "resampling", "pip install soxr"),
    ("pyaudio", "the sound card", "apt-get install portaudio19-dev gcc python3-dev, then pip install pyaudio"),
    ("webrtcvad", "finding speech", "pip install webrtcvad-wheels"),
    ("vosk", "the box's speech engine", "pip install vosk (on ARM also: apt-get install libatomic1)"),
)
EXTRAS = (
    ("aiohttp", "the central server (extra: central)", "pip install 'undertone[central]'"),
    ("moonshine_voice", "English on telephone lines (extra: moonshine)", "pip install 'undertone[moonshine]'"),
)


LINES: dict[Band, str] = {"wide": "a wideband line or a microphone", "narrow": "a telephone line"}


class Finding(msgspec.Struct, frozen=True):
    """The answer of one check."""

    subject: str
    state: Literal["ok", "note", "trouble"]
    """`note`: works without; `trouble`: something will fail."""
    detail: str
    mend: str = ""


def examine() -> list[Finding]:
    """Run every check."""
    single: tuple[Callable[[], Finding], ...] = (_state_folder, _disk, clock_now)
    findings = [*examine_program(), *(check() for check in single)]
    return [*findings, *model_findings(paths.models_folder()), *hearing_findings(paths.models_folder())]


def examine_program() -> list[Finding]:
    """Run the checks of the program alone: its Python, and every library loaded once."""
    findings = [_python(), _libatomic()]
    findings += [import_finding(*row, absent="trouble") for row in MODULES]
    return findings + [import_finding(*row, absent="note") for row in EXTRAS]


def import_finding(module: str, purpose: str, mend: str, *, absent: Literal["note", "trouble"]) -> Finding:
    """Tell whether a module can be imported here; one that is there but broken is always trouble."""
    if importlib.util.find_spec(module) is None:
        return Finding(module, absent, f"is not installed; needed for {purpose}", mend)
    command = [sys.executable, "-c", f"import {module}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=IMPORT_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return Finding(module, "trouble", f"hangs when loaded; needed for {purpose}", mend)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return Finding(module, "trouble", f"cannot be loaded: {last[:TELL_CHARACTERS]}; needed for {purpose}", mend)
    return Finding(module, "ok", f"loads; for {purpose}")


def model_findings(folder: Path) -> list[Finding]:
    """Tell of every installed model whether it is intact."""
    places = model_store.installed_folders(folder)
    if not places:
        mend = f"undertone model fetch {model_store.catalogue()[0].name} (undertone model list shows the others)"
        return [Finding("speech models", "trouble", f"none is installed in {folder}", mend)]
    return [_model_finding(place) for place in places]


def hearing_findings(folder: Path) -> list[Finding]:
    """Tell for every language of an installed model which model would listen on which band, and where none can."""
    try:
        models, installed = model_store.known_models(folder), model_store.installed_manifests(folder)
    except BadInputError:
        return []  # a model that `model_findings` tells of
    languages = sorted({tag.split("-")[0] for manifest in installed.values() for tag in manifest.languages})
    return [hearing_finding(models, installed, language) for language in languages]


def hearing_finding(models: Catalogue, installed: Collection[str], language: str) -> Finding:
    """Tell which of the installed models would listen to this language, on both bands."""
    told, mends = [], []
    for band, line in LINES.items():
        try:
            model, notices = choose_installed(models, installed, language, band, "auto")
        except BadInputError as error:
            told.append(f"on {line} nothing that is installed can hear it")
            mends.append(error.mend)
            continue
        told.append(f"on {line} {model.name} listens" if model else f"on {line} no model can hear it")
        mends += [notice.text.partition(" Mend: ")[2] for notice in notices if not model]
    if not mends:
        return Finding(f"hearing {language!r}", "ok", "; ".join(told))
    without = "; a call there has no transcript and no phrases, levels and voices are still measured"
    return Finding(f"hearing {language!r}", "note", "; ".join(told) + without, "; ".join(filter(None, mends)))


def space_finding(folder: Path, free_bytes: int) -> Finding:
    """Tell whether so much free space in this folder is enough."""
    detail = f"{free_bytes // 1024**2} MiB are free for {folder}"
    if free_bytes < SPARE_BYTES:
        return Finding("disk", "trouble", detail, "free space, or set UNDERTONE_HOME to a folder on another disk")
    return Finding("disk", "ok", detail)


def writable_finding(folder: Path) -> Finding:
    """Tell whether the state folder, or the nearest folder above that exists, can be written to."""
    place = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            return Finding("state folder", "ok", f"{folder} can be written")
    except OSError as error:
        mend = f"sudo chown -R {os.getuid()} {place}, or set UNDERTONE_HOME to a folder of yours"
        return Finding("state folder", "trouble", f"{folder} cannot be written: {error.strerror}", mend)


def clock_finding(timedatectl_says: str | None) -> Finding:
    """Tell from `timedatectl show --property=NTPSynchronized` whether the clock is right (None: cannot be asked)."""
    match (timedatectl_says or "").strip():
        case "NTPSynchronized=yes":
            return Finding("clock", "ok", "is synchronised")
        case "NTPSynchronized=no":
            mend = "timedatectl set-ntp true (package systemd-timesyncd)"
            return Finding("clock", "note", "is not synchronised; events say so until it is", mend)
        case _:
            return Finding("clock", "note", "cannot be asked whether it is synchronised (no systemd here)")


def _python() -> Finding:
    version = sys.version_info[:2]
    if OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return Finding("python", "ok", f"{platform.python_version()} on {platform.machine()}")
    return Finding("python", "trouble", f"{platform.python_version()} is not 3.11 to 3.13", "apt-get install python3")


def _state_folder() -> Finding:
    return writable_finding(paths.home())


def _disk() -> Finding:
    return space_finding(paths.home(), shutil.disk_usage(_nearest(paths.home())).free)


def _libatomic() -> Finding:
    if not platform.machine().startswith(("aarch64", "arm")):
        return Finding("libatomic", "ok", "is needed on ARM only")
    if any(Path("/usr/lib").glob("*/libatomic.so.1")):
        return Finding("libatomic", "ok", "is there")
    return Finding("libatomic", "trouble", "is missing; Vosk needs it on ARM", "apt-get install libatomic1")


def clock_now() -> Finding:
    """Tell whether the clock of this machine is right."""
    command = ["timedatectl", "show", "--property=NTPSynchronized"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CLOCK_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return clock_finding(None)
    return clock_finding(done.stdout if done.returncode == 0 else None)


def _model_finding(place: Path) -> Finding:
    try:
        model_store.verify(place)
    except BadInputError as error:
        return Finding(f"model {place.name}", "trouble", str(error), error.mend)
    bands = "+".join(model_store.manifest_of(place).bands)
    return Finding(f"model {place.name}", "ok", f"is intact; hears the {bands} band")


def _nearest(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.is_dir())
