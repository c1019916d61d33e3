"""From what a wire carried to the UDP datagram in it: Ethernet with VLANs, Linux' cooked captures, raw IP.

Link types are those of capture files (tcpdump.org/linktypes.html). Everything that is no whole UDP datagram is passed
over: on a mirror port most traffic is somebody else's. TCP segments are told too, for SIP over TCP.
"""

import struct
from typing import Final, Literal, NamedTuple

from appliance.telephony.ip_fragments import Fragment, Fragments

LINK_NULL: Final = 0
LINK_ETHERNET: Final = 1
LINK_RAW: Final = 101
LINK_COOKED: Final = 113
LINK_IPV4: Final = 228
LINK_IPV6: Final = 229
LINK_COOKED_2: Final = 276

_IPV4: Final = 0x0800
_IPV6: Final = 0x86DD
_VLAN_TAGS: Final = (0x8100, 0x88A8, 0x9100)
MOST_TAGS: Final = 4

_TCP: Final = 6
_UDP: Final = 17
_IPV6_FRAGMENT: Final = 44
_IPV6_OPTIONS: Final = (0, 43, 60, 135)
MOST_EXTENSIONS: Final = 8
"""More in one packet is no telephony."""


class Address(NamedTuple):
    """Where a datagram came from or goes to; `host` is the address in its four or sixteen bytes."""

    host: bytes
    port: int


class Datagram(NamedTuple):
    """One UDP datagram, or the payload of one TCP segment with its sequence number."""

    source: Address
    target: Address
    payload: bytes
    transport: Literal["udp", "tcp"] = "udp"
    sequence: int = 0


class Dissector:
    """Takes packets apart. It keeps the fragments of datagrams that have not come whole yet, a bounded number."""

    def __init__(self) -> None:
        self._fragments = Fragments()

    def datagram(self, link: int, data: bytes, captured_s: float) -> Datagram | None:
        """Give the datagram that this packet holds or completes; None for anything else."""
        network = _network(link, data)
        if network is None:
            return None
        kind, at = network
        found = self._ipv4(data, at) if kind == _IPV4 else self._ipv6(data, at)
        if isinstance(found, Fragment):
            found = self._fragments.receive(found, captured_s)
        return _datagram(*found) if found else None

    def _ipv4(self, data: bytes, at: int) -> "Fragment | _Carried | None":
        if len(data) - at < 20 or data[at] >> 4 != 4:
            return None
        header_bytes = (data[at] & 15) * 4
        total, identity, flags = struct.unpack_from(">HHH", data, at + 2)
        protocol, source, target = data[at + 9], data[at + 12 : at + 16], data[at + 16 : at + 20]
        # A card that joins segments leaves the length 0; what was captured is then all that is known.
        end = at + total if total else len(data)
        if header_bytes < 20 or end > len(data) or at + header_bytes > end:
            return None
        body = data[at + header_bytes : end]
        if flags & 0x3FFF:
            return Fragment(source, target, protocol, identity, (flags & 0x1FFF) * 8, bool(flags & 0x2000), body)
        return source, target, protocol, body

    def _ipv6(self, data: bytes, at: int) -> "Fragment | _Carried | None":
        if len(data) - at < 40 or data[at] >> 4 != 6:
            return None
        length, protocol = struct.unpack_from(">HB", data, at + 4)
        source, target = data[at + 8 : at + 24], data[at + 24 : at + 40]
        at, end = at + 40, at + 40 + length
        if end > len(data):
            return None
        for _ in range(MOST_EXTENSIONS):
            if protocol == _IPV6_FRAGMENT and end - at >= 8:
                following, _, offset, identity = struct.unpack_from(">BBHI", data, at)
                rest = data[at + 8 : end]
                return Fragment(source, target, following, identity, offset & 0xFFF8, bool(offset & 1), rest)
            if protocol not in _IPV6_OPTIONS or end - at < 8:
                break
            protocol, at = data[at], at + 8 + data[at + 1] * 8
        return (source, target, protocol, data[at:end]) if at <= end else None


_Carried = tuple[bytes, bytes, int, bytes]
"""Source, target, protocol and body of a whole IP packet."""


def _network(link: int, data: bytes) -> tuple[int, int] | None:
    """Give which IP version a packet carries, and where that begins."""
    if link == LINK_ETHERNET:
        return _tagged(data, 12)
    if link == LINK_COOKED:
        return _tagged(data, 14)
    if link == LINK_COOKED_2:
        kind = struct.unpack_from(">H", data)[0] if len(data) >= 20 else 0
        return _ip_kind(kind, 20)
    at = 4 if link == LINK_NULL else 0
    if link in (LINK_NULL, LINK_RAW, LINK_IPV4, LINK_IPV6) and len(data) > at:
        return (_IPV6 if data[at] >> 4 == 6 else _IPV4), at
    return None


def _tagged(data: bytes, at: int) -> tuple[int, int] | None:
    for _ in range(MOST_TAGS):
        if len(data) < at + 2:
            return None
        kind: int = struct.unpack_from(">H", data, at)[0]
        if kind not in _VLAN_TAGS:
            return _ip_kind(kind, at + 2)
        at += 4
    return None


def _ip_kind(kind: int, at: int) -> tuple[int, int] | None:
    return (kind, at) if kind in (_IPV4, _IPV6) else None


def _datagram(source: bytes, target: bytes, protocol: int, body: bytes) -> Datagram | None:
    if protocol == _UDP and len(body) >= 8:
        from_port, to_port, length = struct.unpack_from(">HHH", body)
        if not 8 <= length <= len(body):
            return None
        return Datagram(Address(source, from_port), Address(target, to_port), body[8:length])
    if protocol == _TCP and len(body) >= 20:
        from_port, to_port, sequence = struct.unpack_from(">HHI", body)
        payload = body[(body[12] >> 4) * 4 :]
        return Datagram(Address(source, from_port), Address(target, to_port), payload, "tcp", sequence)
    return None
