"""Captures what a network interface sees, in a small process of its own (AF_PACKET).

The process opens one socket, gives up every right that it has, and from then on only copies packets to its standard
output. It needs CAP_NET_RAW for that one socket. The kernel passes on UDP, SIP's TCP port and fragments only. After
each turn the process writes a mark: everything that was captured before then has been written. So whoever reads knows
how far time has come, however long either process was held up.
"""

import asyncio
import contextlib
import ctypes
import os
import select
import socket
import struct
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from appliance.adapters.capture import Capture
from appliance.adapters.packet_filter import SIGNALLING, TELEPHONY
from appliance.errors import BadInputError
from appliance.telephony.ethernet import LINK_ETHERNET
from appliance.telephony.pcap_record import CapturedPacket

MARK_LINK: Final = 0xFFFF
MUTED_MARK_LINK: Final = 0xFFFE
"""The link types of marks, which no packet has: the second one says that voices stay in the kernel."""

MARKS: Final = (MARK_LINK, MUTED_MARK_LINK)

MUTE: Final = b"m"
UNMUTE: Final = b"u"
"""What the process is told on its standard input."""

TURN_S: Final = 0.020
SILENT_S: Final = 2.0
"""Without even a mark for so long the process is taken for dead, and another one is started."""

_RECORD: Final = struct.Struct("=dHH")
_BUFFER_BYTES: Final = 1 << 22
"""Of the kernel's: a second of a mirror port with a hundred calls."""

_MOST_BYTES: Final = 4_096
"""A frame with VLAN tags; larger ones are no telephony."""

_ETH_P_ALL: Final = 0x0003
_SO_ATTACH_FILTER: Final = 26
_SO_TIMESTAMPNS: Final = 35
_PR_SET_NO_NEW_PRIVS: Final = 38
_NOBODY: Final = 65_534
_AT_ONCE: Final = 1_000


def check_interface(name: str) -> None:
    """Raise `BadInputError` for an interface that is not there."""
    here = sorted(known for _, known in socket.if_nameindex())
    if name not in here:
        raise BadInputError(f"there is no interface {name!r}", mend=f"name one of: {', '.join(here)}")


async def captured(interface: str, capture: Capture) -> AsyncGenerator[CapturedPacket, None]:
    """Give what the interface sees and marks, timed by `time.monotonic`, until the process ends or goes silent.

    While the line is muted the kernel drops voices and passes SIP only. Raises `BadInputError` when the interface
    may not be captured.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "appliance.adapters.packet_capture", interface),
        *((MUTE,) if capture.muted() else ()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    reader, errors, orders = process.stdout, process.stderr, process.stdin
    if reader is None or errors is None or orders is None:
        raise RuntimeError("the capture has no pipes")
    source, pending = _Source(capture, orders), b""
    try:
        while data := await asyncio.wait_for(reader.read(1 << 18), SILENT_S + TURN_S):
            packets, pending = split_records(pending + data)
            for packet in packets:
                source.note(packet.link)
                yield packet
        if reason := (await errors.read(2_000)).decode(errors="replace").strip():
            raise BadInputError(reason.splitlines()[-1], where=interface, mend="run as root, or with CAP_NET_RAW")
    except TimeoutError:
        return
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        capture.closed(source)


class _Source:
    """The process as a source of sound: told what it may give, and believed when its marks say so."""

    def __init__(self, capture: Capture, orders: asyncio.StreamWriter) -> None:
        self._capture = capture
        self._orders = orders
        capture.opened(self, self._mute)

    def note(self, link: int) -> None:
        """Take a packet's link type, which may be that of a mark."""
        if link == MARK_LINK:
            self._capture.opened(self, self._mute)
        elif link == MUTED_MARK_LINK:
            self._capture.closed(self)
            if not self._capture.muted():
                self._orders.write(UNMUTE)

    def _mute(self) -> None:
        self._orders.write(MUTE)


def split_records(data: bytes) -> tuple[list[CapturedPacket], bytes]:
    """Give the whole records in what the process wrote, and the beginning of the next one."""
    packets: list[CapturedPacket] = []
    at = 0
    while len(data) - at >= _RECORD.size:
        captured_s, link, size = _RECORD.unpack_from(data, at)
        end = at + _RECORD.size + size
        if end > len(data):
            break
        packets.append(CapturedPacket(captured_s, link, data[at + _RECORD.size : end]))
        at = end
    return packets, data[at:]


def record(packet: CapturedPacket) -> bytes:
    """Give a record as the process writes it."""
    return _RECORD.pack(packet.captured_s, packet.link, len(packet.data)) + packet.data


def main(interface: str, *, is_muted: bool = False) -> None:
    """Be the process: copy packets until nobody reads them."""
    os.set_blocking(sys.stdin.fileno(), False)
    source = _opened(interface, SIGNALLING if is_muted else TELEPHONY)
    _drop_rights()
    parent = os.getppid()
    while os.getppid() == parent:
        turn_s = time.monotonic()
        if is_muted != (is_muted := _orders(is_muted=is_muted)):
            _attach(source, SIGNALLING if is_muted else TELEPHONY)
        parts = _turn(source)
        parts.append(record(CapturedPacket(turn_s, MUTED_MARK_LINK if is_muted else MARK_LINK, b"")))
        try:
            sys.stdout.buffer.write(b"".join(parts))
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            os._exit(0)
        select.select([source, sys.stdin], [], [], TURN_S)
        time.sleep(max(0.0, turn_s + TURN_S / 2 - time.monotonic()))  # several packets in a turn cost less


def _orders(*, is_muted: bool) -> bool:
    """Give whether voices are to be dropped, by the newest order on standard input."""
    try:
        told = os.read(sys.stdin.fileno(), _MOST_BYTES)
    except BlockingIOError:
        return is_muted
    if not told:
        sys.exit(0)  # nobody is there any more
    return told.endswith(MUTE)


def _opened(interface: str, program: bytes) -> socket.socket:
    source = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    source.settimeout(0)
    _attach(source, program)
    source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    source.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    source.bind((interface, _ETH_P_ALL))
    if Path(f"/sys/class/net/{interface}").exists():
        # A mirror port carries what is addressed to others (packet(7): PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC).
        membership = struct.pack("@iHH8s", socket.if_nametoindex(interface), 1, 0, b"")
        source.setsockopt(263, 1, membership)
    return source


def _attach(source: socket.socket, program: bytes) -> None:
    code = ctypes.create_string_buffer(program)
    attached = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    source.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, attached)


def _drop_rights() -> None:
    """Keep the socket and nothing else: no capability, no other user's files, nothing to be gained by exec."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    header = struct.pack("=Ii", 0x20080522, 0)
    libc.capset(ctypes.create_string_buffer(header), ctypes.create_string_buffer(24))


def _turn(source: socket.socket) -> list[bytes]:
    parts: list[bytes] = []
    behind_s = time.time() - time.monotonic()
    for _ in range(_AT_ONCE):
        try:
            data, ancillary, _, address = source.recvmsg(_MOST_BYTES, 64)
        except BlockingIOError:
            break
        except OSError:
            time.sleep(TURN_S)  # the interface is down; the socket goes on when it is up again
            break
        if address[2] == socket.PACKET_OUTGOING and address[0] == "lo":
            continue  # the loopback shows each packet twice
        stamp = next((each for level, kind, each in ancillary if kind == _SO_TIMESTAMPNS), b"")
        seconds, nanoseconds = struct.unpack_from("@ll", stamp) if len(stamp) >= 16 else (time.time(), 0)
        captured_s = min(seconds + nanoseconds / 1e9 - behind_s, time.monotonic())
        parts.append(record(CapturedPacket(captured_s, LINK_ETHERNET, data)))
    return parts


if __name__ == "__main__":
    try:
        main(sys.argv[1], is_muted=sys.argv[2:] == [MUTE.decode()])
    except OSError as error:
        sys.stderr.write(f"the interface cannot be captured ({error.strerror})\n")
        sys.exit(1)
