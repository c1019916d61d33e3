"""The packets between the box and its light board, as bytes: told in `hardware/light-board/PROTOCOL.md`.

A packet is `version, type, sequence, payload, CRC-32` (little-endian), stuffed after COBS (Cheshire and Baker,
"Consistent Overhead Byte Stuffing", 1999) and ended with a zero byte, so that a reader finds the next packet after any
garbage. Where a packet begins and ends, its first three bytes and its last four are the same in every version.
"""

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from appliance.indicator.animation import DARK, led, on_ms
from appliance.indicator.looks import Pattern

VERSION: Final = 1

HOST_LOST_MS: Final = 3_000
"""A board that hears nothing valid for so long shows `patterns.HOST_LOST`."""

MAX_PACKET_BYTES: Final = 64
"""Before stuffing. Twice the longest packet of this version; a board need not keep more than that."""

_HEAD: Final = struct.Struct("<BBB")
_CRC: Final = struct.Struct("<I")
_PICTURE: Final = struct.Struct("<3sBBHH3sBHHB")
_IDENTITY: Final = struct.Struct("<BBBBB8s")
_ACK: Final = struct.Struct("<IBH")
_BUTTON: Final = struct.Struct("<BB")


class Kind(IntEnum):
    """What a packet is: from the box below 0x40, from the board from there on."""

    HELLO = 0x21
    SHOW = 0x22
    HEARTBEAT = 0x23
    BUTTON_SEEN = 0x24
    LEAVE = 0x25
    IDENTITY = 0x41
    ACK = 0x42
    BUTTON = 0x43


class ButtonState(IntEnum):
    """What the board says of its mute button; stuck is one that has been down for 10 s."""

    UP = 0
    DOWN = 1
    STUCK = 2


class PacketError(Exception):
    """Bytes that are no packet of this version; the text says why."""


class VersionError(PacketError):
    """A whole packet, of a version that we do not speak."""

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(f"version {version}, and only {VERSION} is known")


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet without its wrapping; `sequence` is 0 to 255 and counts the packets of the sender."""

    kind: int
    sequence: int
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a board is: its firmware, how many pixels it has, and the serial number of its chip."""

    firmware: tuple[int, int, int]
    pixels: int
    has_buzzer: bool
    serial: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """What a board has: the digest of the picture that it shows (0: none), its button, how many packets it refused."""

    digest: int
    button: ButtonState
    refused: int


@dataclass(frozen=True, slots=True)
class Button:
    """The mute button went down or up; `count` numbers these events, so that one told twice counts once."""

    count: int
    is_down: bool


def encoded(packet: Packet, version: int = VERSION) -> bytes:
    """Give a packet as it goes over the wire, with the zero that ends it."""
    body = _HEAD.pack(version, packet.kind, packet.sequence) + packet.payload
    return stuffed(body + _CRC.pack(zlib.crc32(body))) + b"\0"


def decoded(wire: bytes) -> Packet:
    """Read what stood between two zeros. Raises `PacketError`."""
    body = unstuffed(wire)
    if not _HEAD.size + _CRC.size <= len(body) <= MAX_PACKET_BYTES:
        raise PacketError(f"{len(body)} bytes")
    body, crc = body[: -_CRC.size], body[-_CRC.size :]
    if _CRC.pack(zlib.crc32(body)) != crc:
        raise PacketError("wrong CRC")
    version, kind, sequence = _HEAD.unpack_from(body)
    if version != VERSION:
        raise VersionError(version)
    return Packet(kind, sequence, body[_HEAD.size :])


def stuffed(data: bytes) -> bytes:
    """Give the bytes without zeros: each block begins with its length, and a full one has no zero after it."""
    out = bytearray()
    for run in data.split(b"\0"):
        rest = run
        while len(rest) >= 0xFE:
            out += b"\xff" + rest[:0xFE]
            rest = rest[0xFE:]
        out += bytes([len(rest) + 1]) + rest
    return bytes(out)


def unstuffed(wire: bytes) -> bytes:
    """Take the stuffing out again. Raises `PacketError` for what no sender makes."""
    out, at = bytearray(), 0
    while at < len(wire):
        length = wire[at]
        block = wire[at + 1 : at + length]
        if not length or len(block) != length - 1 or 0 in block:
            raise PacketError("wrong stuffing")
        out += block
        at += length
        if length < 0xFF and at < len(wire):
            out.append(0)
    return bytes(out)


def picture(pattern: Pattern, *, buzz: bool = False) -> bytes:
    """Give the payload of SHOW: all that a board must know of a pattern. `buzz`: with a short tone when it comes."""
    look, mark = pattern.look, pattern.mark
    return _PICTURE.pack(
        bytes(led(look.colour, look.brightness)),
        _mask(look.pixels),
        _mask(look.rest),
        look.blink_period_ms,
        on_ms(look.blink_period_ms, look.blink_duty),
        bytes(led(mark.colour, mark.brightness) if mark else DARK),
        _mask(mark.pixels) if mark else 0,
        mark.period_ms if mark else 0,
        mark.pulse_ms if mark else 0,
        int(buzz),
    )


def digest(payload: bytes) -> int:
    """Give the number by which box and board compare pictures."""
    return zlib.crc32(payload)


def read_identity(payload: bytes) -> Identity:
    """Read the payload of IDENTITY; later firmware may say more behind it. Raises `PacketError`."""
    if len(payload) < _IDENTITY.size:
        raise PacketError("short IDENTITY")
    major, minor, patch, pixels, flags, serial = _IDENTITY.unpack_from(payload)
    return Identity((major, minor, patch), pixels, bool(flags & 1), serial)


def read_ack(payload: bytes) -> Ack:
    """Read the payload of ACK. Raises `PacketError`."""
    if len(payload) < _ACK.size:
        raise PacketError("short ACK")
    shown, button, refused = _ACK.unpack_from(payload)
    if button not in tuple(ButtonState):
        raise PacketError(f"button {button}")
    return Ack(shown, ButtonState(button), refused)


def read_button(payload: bytes) -> Button:
    """Read the payload of BUTTON. Raises `PacketError`."""
    if len(payload) < _BUTTON.size:
        raise PacketError("short BUTTON")
    count, is_down = _BUTTON.unpack_from(payload)
    return Button(count, bool(is_down))


def _mask(shape: str) -> int:
    """Give a shape as bits, the leftmost pixel lowest."""
    return sum(1 << place for place, pixel in enumerate(shape) if pixel == "#")
