"""The board's side of the packets: told in PROTOCOL.md, tested with the same vectors as the box's side."""

import binascii
import struct

VERSION = 1
MAX_PACKET_BYTES = 64
MAX_WIRE_BYTES = 66  # with its stuffing: one byte for each 254, and one

HELLO = 0x21
SHOW = 0x22
HEARTBEAT = 0x23
BUTTON_SEEN = 0x24
LEAVE = 0x25
IDENTITY = 0x41
ACK = 0x42
BUTTON = 0x43

PICTURE_BYTES = 18

UP = 0
DOWN = 1
STUCK = 2


class OtherVersionError(Exception):
    """A whole packet of a version that this firmware does not speak."""


def encoded(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    """Give a packet as it goes over the wire."""
    body = bytes([VERSION, kind, sequence]) + payload
    return stuffed(body + struct.pack("<I", crc(body))) + b"\0"


def decoded(wire: bytes) -> tuple | None:
    """Give kind, sequence and payload of what stood between two zeros; None when it is no packet."""
    body = unstuffed(wire)
    if body is None or not 7 <= len(body) <= MAX_PACKET_BYTES:
        return None
    if struct.unpack("<I", body[-4:])[0] != crc(body[:-4]):
        return None
    if body[0] != VERSION:
        raise OtherVersionError
    return body[1], body[2], body[3:-4]


def crc(data: bytes) -> int:
    """Give the CRC-32 of zip and Ethernet."""
    return binascii.crc32(data) & 0xFFFFFFFF


def stuffed(data: bytes) -> bytes:
    """Give the bytes without zeros. A packet is shorter than the longest block, so each run is one block."""
    return b"".join(bytes([len(run) + 1]) + run for run in data.split(b"\0"))


def unstuffed(wire: bytes) -> bytes | None:
    """Take the stuffing out again; None for what no sender makes."""
    out = bytearray()
    at = 0
    while at < len(wire):
        length = wire[at]
        if not length or length == 0xFF or at + length > len(wire):
            return None
        block = wire[at + 1 : at + length]
        if 0 in block:
            return None
        out.extend(block)
        at += length
        if at < len(wire):
            out.append(0)
    return bytes(out)
