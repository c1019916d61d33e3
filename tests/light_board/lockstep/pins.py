"""The board's pins in a simulation: each turn is a line from stdin, and its outcome a line on stdout.

In: milliseconds, the button (0 or 1), the bytes from the box in hex or "-". Out: the bytes to the box, the pixels,
whether the buzzer sounds.
"""

import binascii
import sys

PIXELS = 8
HAS_BUZZER = True

_line = [b"0", b"0", b"-"]
_sent = b""


def wants_service() -> bool:
    return False


def enter_service() -> None:
    sys.exit(0)


def serial() -> bytes:
    return b"simulate"


def elapsed_ms() -> int:
    global _line
    _line = sys.stdin.buffer.readline().split()
    if not _line:
        sys.exit(0)
    return int(_line[0])


def read() -> bytes:
    return b"" if _line[2] == b"-" else binascii.unhexlify(_line[2])


def button_is_down() -> bool:
    return _line[1] == b"1"


def write(data: bytes) -> None:
    global _sent
    _sent = data


def show(colours: list, buzzes: bool) -> None:
    global _sent
    pixels = "".join("%02x%02x%02x" % colour for colour in colours)
    print(binascii.hexlify(_sent).decode() or "-", pixels, int(buzzes))
    _sent = b""
