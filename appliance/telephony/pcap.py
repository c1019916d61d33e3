"""Capture files: pcap, and the choice between it and pcapng (`pcap_ng`).

Read record by record, so that a capture of hours needs no more memory than its longest packet.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from appliance.errors import BadInputError
from appliance.telephony import pcap_ng
from appliance.telephony.pcap_record import MOST_PACKET_BYTES, CapturedPacket

Read = Callable[[int], bytes]
"""Gives so many bytes of the file, fewer only at its end."""

_MEND: Final = "capture the call again, e.g. with tcpdump -w call.pcap"


class _Magic(NamedTuple):
    order: str
    ticks_per_s: int


_MAGICS: Final = {
    b"\xd4\xc3\xb2\xa1": _Magic("<", 1_000_000),
    b"\xa1\xb2\xc3\xd4": _Magic(">", 1_000_000),
    b"\x4d\x3c\xb2\xa1": _Magic("<", 1_000_000_000),
    b"\xa1\xb2\x3c\x4d": _Magic(">", 1_000_000_000),
}


def is_capture(head: bytes) -> bool:
    """Say whether a file that begins so is a capture."""
    return head[:4] in _MAGICS or head[:4] == pcap_ng.SECTION_MAGIC


def read_capture(read: Read, where: str) -> Iterator[CapturedPacket]:
    """Give the packets of a capture in the order of the file.

    A capture that ends in the middle of a packet, as one of a machine that was switched off, ends before it. Raises
    `BadInputError` naming `where` for a file that is no capture, or is damaged.
    """
    magic = read(4)
    if magic == pcap_ng.SECTION_MAGIC:
        yield from pcap_ng.read_blocks(read, where)
    elif magic in _MAGICS:
        yield from _read_records(read, _MAGICS[magic], where)
    else:
        what = "not a capture (pcap or pcapng)" if magic else "the file is empty"
        raise BadInputError(what, where=where, mend=_MEND)


def _read_records(read: Read, magic: _Magic, where: str) -> Iterator[CapturedPacket]:
    head = read(20)
    if len(head) < 20:
        raise BadInputError("the capture ends in its header", where=where, mend=_MEND)
    link = struct.unpack(magic.order + "HHiIII", head)[5] & 0xFFFF
    record = struct.Struct(magic.order + "IIII")
    while len(head := read(record.size)) == record.size:
        seconds, ticks, kept_bytes, _ = record.unpack(head)
        if kept_bytes > MOST_PACKET_BYTES:
            raise BadInputError(f"the capture is damaged: a packet of {kept_bytes} bytes", where=where, mend=_MEND)
        data = read(kept_bytes)
        if len(data) < kept_bytes:
            return
        yield CapturedPacket(seconds + ticks / magic.ticks_per_s, link, data)
