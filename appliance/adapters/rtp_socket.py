"""The two UDP sockets of one stream, RTP and RTCP, and when each datagram came by the kernel's clock.

The kernel stamps a datagram as it comes. So a process that was held up for a while still knows when each one did, and
takes nothing that waited in the socket for late.
"""

import contextlib
import socket
import struct
import time
from typing import Final, NamedTuple

from appliance.errors import BadInputError
from appliance.telephony.rtp import HEADER_BYTES

BUFFER_BYTES: Final = 1 << 19
"""Of the kernel's for each socket: some ten seconds of a telephone's voice."""

MOST_AT_ONCE: Final = 1_024
"""Datagrams taken from one socket in a turn; under a flood the rest is the kernel's to drop."""

MOST_DATAGRAM_BYTES: Final = 2_048
"""No voice is longer than an Ethernet packet; what is comes cut off, and is refused by its parser."""

_SO_TIMESTAMPNS: Final = 35
_TIMESPEC: Final = struct.Struct("@ll")
_PAIRS_TO_TRY: Final = 50


class Datagram(NamedTuple):
    """What came, from whom, and when on the clock of `time.monotonic`."""

    arrived_s: float
    data: bytes
    sender: tuple[str, int]


class RtpSocket:
    """An even port for RTP with the odd one above it for RTCP (RFC 3550, section 11).

    They are taken from `ports`, the first and the last that may be used; None lets the system choose.
    """

    def __init__(self, host: str, ports: tuple[int, int] | None = None) -> None:
        self._rtp, self._rtcp = _pair_among(host, *ports) if ports else _bound_pair(host)
        self.port: int = self._rtp.getsockname()[1]

    def take_rtp(self) -> list[Datagram]:
        """Give what has come on the RTP port; RTCP may be among it (RFC 5761)."""
        return _taken(self._rtp)

    def skip_rtp(self) -> list[bytes]:
        """Take what has come on the RTP port, but of each packet no more than its fixed header."""
        headers: list[bytes] = []
        while len(headers) < MOST_AT_ONCE:
            try:
                headers.append(self._rtp.recv(HEADER_BYTES))
            except BlockingIOError:
                break
            except OSError:
                continue  # as in `_taken`
        return headers

    def take_rtcp(self) -> list[Datagram]:
        """Give what has come on the RTCP port."""
        return _taken(self._rtcp)

    def send_rtcp(self, data: bytes, target: tuple[str, int]) -> None:
        """Send a report; a peer that is gone or a full network is no fault of the call."""
        with contextlib.suppress(OSError):
            self._rtcp.sendto(data, target)

    def close(self) -> None:
        """Give the ports back."""
        self._rtp.close()
        self._rtcp.close()


def _pair_among(host: str, first: int, last: int) -> tuple[socket.socket, socket.socket]:
    for port in range(first + first % 2, last, 2):
        try:
            rtp = _bound(host, port)
        except OSError:
            continue
        try:
            return rtp, _bound(host, port + 1)
        except OSError:
            rtp.close()
    mend = "allow more ports, or end other calls"
    raise BadInputError(f"no pair of UDP ports is free from {first} to {last}", where=host, mend=mend)


def _bound_pair(host: str) -> tuple[socket.socket, socket.socket]:
    for _ in range(_PAIRS_TO_TRY):
        try:
            first = _bound(host, 0)
        except OSError as error:
            what = f"no UDP port can be opened ({error.strerror})"
            raise BadInputError(what, where=host, mend="name an address of this machine") from error
        port: int = first.getsockname()[1]
        try:
            second = _bound(host, port ^ 1)
        except OSError:
            first.close()
            continue
        return (first, second) if port % 2 == 0 else (second, first)
    raise BadInputError("no pair of UDP ports is free", where=host, mend="end other programs or calls")


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        bound.settimeout(0)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        bound.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _taken(source: socket.socket) -> list[Datagram]:
    taken: list[Datagram] = []
    # The stamps are of the wall clock, which may be set; against now it is right for as long as anything waits.
    behind_s = time.time() - time.monotonic()
    while len(taken) < MOST_AT_ONCE:
        try:
            data, ancillary, _, sender = source.recvmsg(MOST_DATAGRAM_BYTES, 64)
        except BlockingIOError:
            break
        except OSError:
            continue  # an answer to a report of ours: that nobody listens there
        arrived_s = min(_stamp_s(ancillary) - behind_s, time.monotonic())
        taken.append(Datagram(arrived_s, data, sender[:2]))
    return taken


def _stamp_s(ancillary: list[tuple[int, int, bytes]]) -> float:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return float(seconds + nanoseconds / 1e9)
    return time.time()
