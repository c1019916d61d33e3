"""Bringing the firmware onto a light board that has MicroPython, by mpremote (extra `flash`)."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import appliance
from appliance.adapters.light import LightError
from appliance.adapters.light_board import LightBoard, open_port
from appliance.errors import BadInputError
from appliance.indicator.board_link import BoardLink, Met, News
from appliance.light_settings import BoardSettings

FIRMWARE: Final = Path(appliance.__file__).parent.parent / "hardware" / "light-board" / "firmware"

MAIN: Final = "main.py"
"""Goes last: a board that loses power before has no program, and takes the next attempt."""

COPY_TIMEOUT_S: Final = 60.0
BACK_S: Final = 10.0
"""A board that was started anew has its port again within about two seconds."""


def version_of(folder: Path) -> str:
    """Read the version of the firmware in a folder. Raises `BadInputError`."""
    try:
        found = re.search(
            r"^FIRMWARE = \((\d+), (\d+), (\d+)\)$", (folder / "light.py").read_text("utf-8"), re.MULTILINE
        )
    except OSError:
        found = None
    if not found or not (folder / MAIN).exists():
        mend = "give the folder hardware/light-board/firmware of a source checkout: --firmware"
        raise BadInputError("there is no firmware of the light board", where=str(folder), mend=mend)
    return ".".join(found.groups())


def flash(port: str, folder: Path) -> Iterator[str]:
    """Copy the firmware of a folder onto the board at a port; gives a line for each step. Raises `LightError`.

    At the end the board has said that it runs this version.
    """
    files = sorted(folder.glob("*.py"), key=lambda file: (file.name == MAIN, file.name))
    yield "asking the board to leave its program"
    _leave(port)
    for number, file in enumerate(files, 1):
        _mpremote(port, "fs", "cp", str(file), f":{file.name}")
        yield f"[{number}/{len(files)}] {file.name}, {file.stat().st_size} bytes"
    yield "starting it"
    _mpremote(port, "reset")
    runs, wanted = _version_at(port), version_of(folder)
    if runs != wanted:
        raise LightError(f"the board at {port} runs {runs}, not {wanted}", "try again; then: undertone light list")


def _leave(port: str) -> None:
    """End the light's program, which keeps its watchdog; a board without one takes orders already."""
    with open_port(port) as opened:
        opened.write(b"\0" + BoardLink(0.0).leave())
    _wait_for(port)


def _wait_for(port: str) -> None:
    until_s = time.monotonic() + BACK_S
    time.sleep(1.0)  # until the port of the board that ends is gone
    while not Path(port).exists():
        if time.monotonic() > until_s:
            raise LightError(f"the board at {port} did not come back", "plug it out and in, then flash again")
        time.sleep(0.1)


def _mpremote(port: str, *words: str) -> None:
    command = (sys.executable, "-m", "mpremote", "connect", port, *words)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COPY_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise LightError(f"the board at {port} takes no orders", "plug it out and in, then flash again") from None
    if "No module named mpremote" in done.stderr:
        raise LightError("the package mpremote is not here", "pip install 'undertone[flash]'")
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines() or ["nothing was said"]
        mend = "has it MicroPython? hardware/light-board/README.md tells how it gets there"
        raise LightError(f"mpremote {words[0]} failed at {port}: {said[-1]}", mend)


def _version_at(port: str) -> str:
    """Ask a board that starts which firmware it runs."""
    until_s = time.monotonic() + BACK_S
    while True:
        met: list[News] = []
        try:
            LightBoard(BoardSettings(port=port), met.append).close()
        except LightError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.2)
        else:
            return ".".join(map(str, next(news.identity.firmware for news in met if isinstance(news, Met))))
