"""One RTP packet: its header read, and written for tests and tools (RFC 3550, section 5.1 and 5.3.1)."""

import struct
from typing import Final, NamedTuple

from appliance.errors import BadInputError

RTP_VERSION: Final = 2
HEADER_BYTES: Final = 12

SEQUENCE_STEPS: Final = 1 << 16
TIMESTAMP_STEPS: Final = 1 << 32

_HEADER: Final = struct.Struct(">BBHII")
_RTCP_TYPES: Final = range(192, 224)
"""RFC 5761, section 4: the second octet of RTCP; RTP's payload types 64 to 95 are kept free for it."""


class Packet(NamedTuple):
    """One RTP packet. `timestamp` counts in the payload's own clock; `marker` opens a stretch of speech (RFC 3551).

    `header_bytes` is where the payload began in what was parsed: SRTP authenticates the one and encrypts the other.
    """

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False
    header_bytes: int = HEADER_BYTES


def parse_rtp(data: bytes, *, encrypted: bool = False) -> Packet:
    """Read a packet; of an `encrypted` one the padding cannot be known yet and stays in the payload.

    Raises `BadInputError` for what is no RTP packet.
    """
    if len(data) < HEADER_BYTES:
        raise BadInputError(f"RTP packet has {len(data)} bytes, less than its header")
    flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if flags >> 6 != RTP_VERSION:
        raise BadInputError(f"RTP packet has version {flags >> 6}")
    begin = HEADER_BYTES + 4 * (flags & 15)
    if begin > len(data):
        raise BadInputError("RTP packet has truncated CSRC")
    if flags & 0x10:
        begin = _after_extension(data, begin)
    end = len(data)
    if flags & 0x20 and not encrypted:
        end = _before_padding(data, begin)
    return Packet(kind & 0x7F, sequence, timestamp, ssrc, data[begin:end], bool(kind & 0x80), begin)


def write_rtp(packet: Packet) -> bytes:
    """Give the packet with the shortest header: without contributors, extension and padding."""
    kind = packet.payload_type | (0x80 if packet.marker else 0)
    return _HEADER.pack(RTP_VERSION << 6, kind, packet.sequence, packet.timestamp, packet.ssrc) + packet.payload


def is_rtcp(data: bytes) -> bool:
    """Say whether a datagram on a port that carries both is RTCP (RFC 5761)."""
    return len(data) >= 2 and data[0] >> 6 == RTP_VERSION and data[1] in _RTCP_TYPES


def looks_like_rtp(data: bytes) -> bool:
    """Say whether a datagram of which nothing else is known can be RTP."""
    return len(data) >= HEADER_BYTES and data[0] >> 6 == RTP_VERSION and not is_rtcp(data)


def unwrapped(value: int, near: int, steps: int) -> int:
    """Give the number that counts on past `steps` and is, modulo that, `value`: the one nearest to `near`."""
    return near + (value - near + steps // 2) % steps - steps // 2


def _after_extension(data: bytes, begin: int) -> int:
    if begin + 4 > len(data):
        raise BadInputError("RTP packet has truncated extension profile / length")
    words: int = struct.unpack_from(">H", data, begin + 2)[0]
    end = begin + 4 + 4 * words
    if end > len(data):
        raise BadInputError("RTP packet has truncated extension value")
    return end


def _before_padding(data: bytes, begin: int) -> int:
    padding = data[-1]
    if not 0 < padding <= len(data) - begin:
        raise BadInputError("RTP packet padding length is invalid")
    return len(data) - padding
