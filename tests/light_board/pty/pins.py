"""The board's pins on a computer: the USB port is a pty on stdin and stdout, pixels are lines in a file."""

import os
import select
import sys
import time

PIXELS = int(os.getenv("BOARD_PIXELS") or "8")
HAS_BUZZER = True
IDLE_MS = 2

_folder = os.getenv("BOARD_FOLDER")
_log = open(_folder + "/pixels", "a")  # noqa: SIM115 - for as long as the board lives
_input = select.poll()
_input.register(sys.stdin, select.POLLIN)
_output = select.poll()
_output.register(sys.stdout, select.POLLOUT)
_ticks = time.ticks_ms()
_shown = None


def wants_service() -> bool:
    return False


def enter_service() -> None:
    _log.write("service\n")
    _log.flush()
    sys.exit(0)


def serial() -> bytes:
    return (os.getenv("BOARD_SERIAL") or "bench").encode()


def elapsed_ms() -> int:
    global _ticks
    now = time.ticks_ms()
    elapsed = time.ticks_diff(now, _ticks)
    _ticks = now
    return elapsed


def read() -> bytes:
    data = b""
    while len(data) < 64 and _input.poll(0 if data else IDLE_MS):
        try:
            got = sys.stdin.buffer.read(1)
        except OSError:
            got = b""
        if not got:  # nobody holds the other end
            time.sleep_ms(IDLE_MS)
            break
        data += got
    return data


def write(data: bytes) -> None:
    if _output.poll(0):
        try:
            sys.stdout.buffer.write(data)
        except OSError:
            return


def button_is_down() -> bool:
    try:
        os.stat(_folder + "/button")
    except OSError:
        return False
    return True


def show(colours: list, buzzes: bool) -> None:
    global _shown
    if (colours, buzzes) != _shown:
        _shown = (colours, buzzes)
        _log.write(" ".join("%02x%02x%02x" % colour for colour in colours) + (" buzz" if buzzes else "") + "\n")
        _log.flush()
