import random
import struct

import pytest

from appliance.telephony.ethernet import (
    LINK_COOKED,
    LINK_COOKED_2,
    LINK_ETHERNET,
    LINK_IPV6,
    LINK_NULL,
    LINK_RAW,
    Address,
    Datagram,
    Dissector,
)
from appliance.telephony.ip_fragments import MOST_PACKETS

from .rtp_captures import datagrams

UDP, TCP = 17, 6
HERE4, THERE4 = bytes((10, 77, 0, 1)), bytes((10, 77, 0, 2))
HERE6, THERE6 = b"\xfd" + bytes(14) + b"\1", b"\xfd" + bytes(14) + b"\2"
VOICE = b"\x80\x00" + bytes(range(170))


def udp(payload: bytes = VOICE) -> bytes:
    return struct.pack(">HHHH", 10_000, 20_000, 8 + len(payload), 0) + payload


def ipv4(body: bytes, protocol: int = UDP, flags: int = 0, identity: int = 7, *, total: int | None = None) -> bytes:
    length = 20 + len(body) if total is None else total
    return struct.pack(">BBHHHBBH", 0x45, 0, length, identity, flags, 64, protocol, 0) + HERE4 + THERE4 + body


def ipv6(body: bytes, following: int = UDP) -> bytes:
    return struct.pack(">IHBB", 6 << 28, len(body), following, 64) + HERE6 + THERE6 + body


def ethernet(packet: bytes, kind: int = 0x0800, tags: bytes = b"") -> bytes:
    return bytes(12) + tags + struct.pack(">H", kind) + packet + bytes(4)  # a card pads short packets


TAG = struct.pack(">HH", 0x8100, 100)
DOUBLE_TAG = struct.pack(">HH", 0x88A8, 5) + TAG
OPTIONS = bytes((UDP, 0)) + bytes(6)

WAYS = {
    "ethernet": (LINK_ETHERNET, ethernet(ipv4(udp())), HERE4),
    "VLAN": (LINK_ETHERNET, ethernet(ipv4(udp()), tags=TAG), HERE4),
    "VLAN in VLAN": (LINK_ETHERNET, ethernet(ipv4(udp()), tags=DOUBLE_TAG), HERE4),
    "IPv6": (LINK_ETHERNET, ethernet(ipv6(udp()), 0x86DD), HERE6),
    "IPv6 with options": (LINK_ETHERNET, ethernet(ipv6(OPTIONS + udp(), 0), 0x86DD), HERE6),
    "cooked": (LINK_COOKED, bytes(14) + b"\x08\x00" + ipv4(udp()), HERE4),
    "cooked, with VLAN": (LINK_COOKED, bytes(14) + TAG + b"\x08\x00" + ipv4(udp()), HERE4),
    "cooked, second version": (LINK_COOKED_2, b"\x86\xdd" + bytes(18) + ipv6(udp()), HERE6),
    "raw": (LINK_RAW, ipv4(udp()), HERE4),
    "raw IPv6": (LINK_IPV6, ipv6(udp()), HERE6),
    "loopback": (LINK_NULL, bytes(4) + ipv4(udp()), HERE4),
    "length left to the card": (LINK_RAW, ipv4(udp(), total=0), HERE4),
}


@pytest.mark.parametrize(("link", "packet", "host"), WAYS.values(), ids=WAYS.keys())
def test_a_datagram_is_found_whatever_carries_it(link: int, packet: bytes, host: bytes) -> None:
    found = Dissector().datagram(link, packet, 0.0)
    assert found
    assert (found.source, found.target.port, found.payload) == (Address(host, 10_000), 20_000, VOICE)


def test_a_tcp_segment_is_told_with_its_sequence() -> None:
    segment = struct.pack(">HHIIBBHHH", 5060, 5061, 77, 0, 0x60, 0, 0, 0, 0) + bytes(4) + b"SIP"
    found = Dissector().datagram(LINK_RAW, ipv4(segment, TCP), 0.0)
    assert found == Datagram(Address(HERE4, 5060), Address(THERE4, 5061), b"SIP", "tcp", 77)


OTHERS = {
    "nothing": (LINK_ETHERNET, b""),
    "ARP": (LINK_ETHERNET, ethernet(bytes(28), 0x0806)),
    "an unknown link": (9_999, ipv4(udp())),
    "tags without end": (LINK_ETHERNET, bytes(12) + TAG * 9),
    "ICMP": (LINK_RAW, ipv4(bytes(20), 1)),
    "half a header": (LINK_RAW, ipv4(udp())[:19]),
    "longer than captured": (LINK_RAW, ipv4(udp())[:-1]),
    "a header that is too short": (LINK_RAW, b"\x41" + ipv4(udp())[1:]),
    "half a UDP header": (LINK_RAW, ipv4(udp()[:7])),
    "UDP longer than its packet": (LINK_RAW, ipv4(udp()[:-1])),
    "UDP shorter than its header": (LINK_RAW, ipv4(udp()[:4] + b"\0\7" + udp()[6:])),
    "half a TCP header": (LINK_RAW, ipv4(bytes(19), TCP)),
    "IPv6 cut off": (LINK_RAW, ipv6(udp())[:-1]),
    "IPv6 options without end": (LINK_RAW, ipv6(bytes(8) * 40, 0)),
    "IPv6 options beyond the packet": (LINK_RAW, ipv6(bytes((UDP, 255)) + bytes(6) + udp(), 0)),
}


@pytest.mark.parametrize(("link", "packet"), OTHERS.values(), ids=OTHERS.keys())
def test_whatever_is_no_whole_datagram_is_passed_over(link: int, packet: bytes) -> None:
    assert Dissector().datagram(link, packet, 0.0) is None


def pieces4(body: bytes, size: int = 64, identity: int = 7) -> list[bytes]:
    return [
        ipv4(body[at : at + size], flags=(0x2000 if at + size < len(body) else 0) | at // 8, identity=identity)
        for at in range(0, len(body), size)
    ]


def pieces6(body: bytes, size: int = 64) -> list[bytes]:
    return [
        ipv6(struct.pack(">BBHI", UDP, 0, at | (at + size < len(body)), 7) + body[at : at + size], 44)
        for at in range(0, len(body), size)
    ]


@pytest.mark.parametrize("pieces", [pieces4(udp()), pieces6(udp())])
@pytest.mark.parametrize("seed", range(5))
def test_a_packet_in_pieces_is_put_together_in_any_order(pieces: list[bytes], seed: int) -> None:
    random.Random(seed).shuffle(pieces)
    dissector = Dissector()
    found = [dissector.datagram(LINK_RAW, piece, 0.0) for piece in pieces]
    assert found[:-1] == [None] * (len(pieces) - 1)
    assert found[-1]
    assert found[-1].payload == VOICE


def test_pieces_that_overlap_make_no_packet() -> None:
    first, second, *rest = pieces4(udp())
    crooked = ipv4(bytes(64), flags=0x2000 | 7)
    dissector = Dissector()
    assert [dissector.datagram(LINK_RAW, piece, 0.0) for piece in (first, crooked, second, *rest)] == [None] * 4


def test_pieces_that_never_become_whole_are_given_up() -> None:
    dissector = Dissector()
    first, *rest = pieces4(udp(), identity=1)
    dissector.datagram(LINK_RAW, first, 0.0)
    for identity in range(2, MOST_PACKETS + 2):
        dissector.datagram(LINK_RAW, pieces4(udp(), identity=identity)[0], 0.0)
    assert len(dissector._fragments._open) == MOST_PACKETS
    assert [dissector.datagram(LINK_RAW, piece, 0.0) for piece in rest] == [None] * len(rest)


def test_old_pieces_do_not_join_new_ones() -> None:
    dissector = Dissector()
    first, *rest = pieces4(udp())
    dissector.datagram(LINK_RAW, first, 0.0)
    assert [dissector.datagram(LINK_RAW, piece, 40.0) for piece in rest] == [None] * len(rest)


def test_a_real_call_holds_its_messages_and_its_voices() -> None:
    ports = [datagram.source.port for _, datagram in datagrams("call_pcmu_keys")]
    assert ports.count(5060) == 6
    assert len(ports) > 400
