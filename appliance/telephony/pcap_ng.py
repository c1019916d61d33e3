"""pcapng (IETF draft-ietf-opsawg-pcapng): blocks of sections, in which packets name the interface they came from."""

import struct
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from appliance.errors import BadInputError
from appliance.telephony.pcap_record import MOST_PACKET_BYTES, CapturedPacket

SECTION_MAGIC: Final = b"\x0a\x0d\x0d\x0a"

_SECTION: Final = 0x0A0D0D0A
_INTERFACE: Final = 1
_SIMPLE_PACKET: Final = 3
_ENHANCED_PACKET: Final = 6

_RESOLUTION_OPTION: Final = 9
_ORDERS: Final = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}

MOST_BLOCK_BYTES: Final = MOST_PACKET_BYTES + 65_536
"""A packet with its options; a length above it is damage."""

MOST_INTERFACES: Final = 1_024
_MEND: Final = "capture the call again, e.g. with tcpdump -w call.pcap"


class _Interface(NamedTuple):
    link: int
    ticks_per_s: int


def read_blocks(read: Callable[[int], bytes], where: str) -> Iterator[CapturedPacket]:
    """Give the packets of a file whose first four bytes, `SECTION_MAGIC`, have been read.

    Raises `BadInputError` naming `where` for a damaged file; one that ends within a block ends before it.
    """
    order = "<"
    interfaces: list[_Interface] = []
    head = SECTION_MAGIC + read(4)
    while len(head) == 8:
        start = b""
        if head[:4] == SECTION_MAGIC:
            start = read(4)
            order = _ORDERS.get(start, "")
            if not order:
                raise BadInputError("the capture is damaged: a section without byte order", where=where, mend=_MEND)
            interfaces = []
        kind, length = struct.unpack(order + "II", head)
        if not 12 <= length <= MOST_BLOCK_BYTES or length % 4:
            raise BadInputError(f"the capture is damaged: a block of {length} bytes", where=where, mend=_MEND)
        body = start + read(length - 8 - len(start))
        if len(body) < length - 8:
            return
        if kind == _INTERFACE and len(interfaces) < MOST_INTERFACES:
            interfaces.append(_interface(body[:-4], order))
        elif packet := _packet(kind, body[:-4], order, interfaces):
            yield packet
        head = read(8)


def _packet(kind: int, body: bytes, order: str, interfaces: list[_Interface]) -> CapturedPacket | None:
    if kind == _ENHANCED_PACKET and len(body) >= 20:
        number, high, low, kept_bytes, _ = struct.unpack_from(order + "IIIII", body)
        if number < len(interfaces):
            interface = interfaces[number]
            captured_s = (high << 32 | low) / interface.ticks_per_s
            return CapturedPacket(captured_s, interface.link, body[20 : 20 + kept_bytes])
    if kind == _SIMPLE_PACKET and len(body) >= 4 and interfaces:
        kept_bytes = struct.unpack_from(order + "I", body)[0]
        return CapturedPacket(0.0, interfaces[0].link, body[4 : 4 + kept_bytes])
    return None


def _interface(body: bytes, order: str) -> _Interface:
    if len(body) < 8:
        return _Interface(-1, 1_000_000)
    link: int = struct.unpack_from(order + "H", body)[0]
    at = 8
    while at + 4 <= len(body):
        option, length = struct.unpack_from(order + "HH", body, at)
        if option == _RESOLUTION_OPTION and length == 1 and at + 4 < len(body):
            return _Interface(link, _ticks(body[at + 4]))
        at += 4 + (length + 3) // 4 * 4
    return _Interface(link, 1_000_000)


def _ticks(resolution: int) -> int:
    """Read a power of ten, or, with the highest bit, of two."""
    base = 2 if resolution & 0x80 else 10
    return int(base ** (resolution & 0x7F))
