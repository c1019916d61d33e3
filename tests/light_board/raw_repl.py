"""Run by MicroPython: the raw REPL of a board, which the build for computers lacks, spoken over stdin and stdout.

Takes what `mpremote` sends: Ctrl-A, a program, Ctrl-D; Ctrl-D alone starts anew.
"""

import io
import os
import select
import sys

RAW = b"\x01"
END = b"\x04"

_input = select.poll()
_input.register(sys.stdin, select.POLLIN)
_names = {}
sys.modules["machine"] = type("machine", (), {"reset": sys.exit})


class _Answer(io.IOBase):
    def write(self, data: bytes) -> int:
        return sys.stdout.buffer.write(data)


def _read() -> bytes:
    _input.poll()
    data = sys.stdin.buffer.read(1)
    if not data:
        sys.exit(0)
    return data


def _run(program: bytes) -> None:
    sys.stdout.buffer.write(b"OK")
    try:
        exec(program, _names)  # noqa: S102 - what a REPL is for
        sys.stdout.buffer.write(END)
    except SystemExit:
        raise
    except Exception as error:  # noqa: BLE001 - told, as a REPL does
        sys.stdout.buffer.write(END)
        sys.print_exception(error, _Answer())
    sys.stdout.buffer.write(END + b">")


def serve() -> None:
    """Serve until the program that is given says `reset`."""
    program = b""
    while True:
        byte = _read()
        if byte == RAW:
            program = b""
            sys.stdout.buffer.write(b"raw REPL; CTRL-B to exit\r\n>")
        elif byte == b"\x05":
            _read()
            _read()
            sys.stdout.buffer.write(b"R\x00")  # no paste mode
        elif byte in b"\x02\x03":
            program = b""
        elif byte == END:
            if program:
                _run(program)
            else:
                sys.stdout.buffer.write(b"OK\r\nMPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>")
            program = b""
        else:
            program += byte


os.chdir(sys.argv[1])
serve()
