"""The real firmware of the light board under MicroPython on this computer: on a pty, or turn by turn."""

import contextlib
import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.indicator.animation import Pixel

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BOARD = ROOT / "hardware" / "light-board"
FIRMWARE = BOARD / "firmware"
UNPACKED = Path(sys.prefix).parent / "micropython" / "micropython"
"""Where the launcher puts it, where Debian has no package of it."""


def micropython() -> str:
    """Give the command of MicroPython, or skip the test."""
    found = shutil.which("micropython") or (str(UNPACKED) if UNPACKED.exists() else "")
    if not found:
        pytest.skip("MicroPython is not here: ./undertone test gets it, from Debian 13")
    return found


def install(folder: Path, pins: str) -> None:
    """Copy the firmware into a folder as it goes onto a board, with the pins of this computer."""
    for file in FIRMWARE.glob("*.py"):
        shutil.copy(file, folder)
    shutil.copy(HERE / pins / "pins.py", folder)


class Turn(NamedTuple):
    sent: bytes
    pixels: list[Pixel]
    buzzes: bool


class SimulatedBoard:
    """The firmware with a clock that we turn; `start` it again as often as wanted."""

    def __init__(self, folder: Path) -> None:
        self._command = (micropython(), str(folder / "main.py"))
        install(folder, "lockstep")
        self._process = self._started()

    def turn(self, elapsed_ms: int, data: bytes = b"", *, button: bool = False) -> Turn:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(b"%d %d %s\n" % (elapsed_ms, button, data.hex().encode() or b"-"))
        self._process.stdin.flush()
        sent, pixels, buzzes = self._process.stdout.readline().decode().split()
        parts = bytes.fromhex(pixels)
        colours = [(parts[at], parts[at + 1], parts[at + 2]) for at in range(0, len(parts), 3)]
        return Turn(bytes.fromhex(sent.strip("-")), colours, buzzes == "1")

    def restart(self) -> None:
        self.stop()
        self._process = self._started()

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


class PluggedBoard:
    """The firmware on a pty whose name, `port`, stays the same when it is unplugged and plugged in again."""

    def __init__(self, folder: Path, serial: str = "bench", pixels: int = 8) -> None:
        self.port = folder / "ttyACM0"
        self.folder = folder
        self._environment = {"BOARD_FOLDER": str(folder), "BOARD_SERIAL": serial, "BOARD_PIXELS": str(pixels)}
        self._log = folder / "pixels"
        self._open: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None
        install(folder, "pty")

    def plug_in(self) -> None:
        ours, theirs = pty.openpty()
        tty.setraw(theirs, termios.TCSANOW)
        self._open = [ours, theirs]
        self._process = subprocess.Popen(
            self.command(), stdin=ours, stdout=ours, env=os.environ | self._environment, start_new_session=True
        )
        self.port.symlink_to(os.ttyname(theirs))

    def command(self) -> tuple[str, ...]:
        return (micropython(), str(self.folder / "main.py"))

    def unplug(self) -> None:
        self.port.unlink(missing_ok=True)
        if self._process:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for descriptor in self._open:
            os.close(descriptor)
        self._open = []

    def press(self) -> None:
        (self.folder / "button").touch()

    def release(self) -> None:
        (self.folder / "button").unlink()

    def shown(self) -> list[str]:
        """Give each change of the pixels, as six hex digits for each, " buzz" behind."""
        return self._log.read_text().splitlines() if self._log.exists() else []


class FlashableBoard(PluggedBoard):
    """A board that leaves its program when it is asked to, takes orders from `mpremote`, and starts anew after them."""

    SCRIPT = """
    while [ -d "$1" ]; do
        cp "$3/pty/pins.py" "$1/pins.py" # what was copied there is for the chip
        "$2" "$1/main.py"
        "$2" "$3/raw_repl.py" "$1"
    done
    """

    def command(self) -> tuple[str, ...]:
        return ("sh", "-c", self.SCRIPT, "board", str(self.folder), micropython(), str(HERE))


@contextlib.contextmanager
def simulated(folder: Path) -> Iterator[SimulatedBoard]:
    board = SimulatedBoard(folder)
    try:
        yield board
    finally:
        board.stop()


@contextlib.contextmanager
def plugged(folder: Path, serial: str = "bench", pixels: int = 8) -> Iterator[PluggedBoard]:
    board = PluggedBoard(folder, serial, pixels)
    board.plug_in()
    try:
        yield board
    finally:
        board.unplug()
