"""RTP of which no SIP was seen: the box began in the middle of a call, or the signalling goes another way.

A stream is believed once several packets in sequence have come from one address to another. Two streams that go
opposite ways are one call: a telephone sends from where it hears (symmetric RTP, RFC 4961).
"""

from typing import Final, NamedTuple

from appliance.telephony.ethernet import Address
from appliance.telephony.rtp import SEQUENCE_STEPS, Packet

ENOUGH_PACKETS: Final = 10
"""In sequence, of one source: 200 ms. No other protocol counts so for so long."""

MOST_FLOWS: Final = 1_000
MOST_STEP: Final = 4
"""A flow may lose a few packets and still be believed."""

KNOWN_PAYLOADS: Final = frozenset({0, 8, 9, 13})
"""Types that mean the same everywhere. What a dynamic one stands for only SIP tells."""

Flow = tuple[Address, Address]


class _Seen(NamedTuple):
    ssrc: int
    sequence: int
    in_sequence: int


class Flows:
    """Finds streams among datagrams."""

    def __init__(self) -> None:
        self._seen: dict[Flow, _Seen] = {}

    def receive(self, flow: Flow, packet: Packet) -> bool:
        """Take what may be a packet; say whether by it the flow is believed to be a voice."""
        if packet.payload_type not in KNOWN_PAYLOADS:
            return False
        before = self._seen.pop(flow, None)
        count = before.in_sequence + 1 if before and _follows(before, packet) else 1
        if count >= ENOUGH_PACKETS:
            return True
        self._seen[flow] = _Seen(packet.ssrc, packet.sequence, count)
        if len(self._seen) > MOST_FLOWS:
            del self._seen[next(iter(self._seen))]
        return False


def _follows(before: _Seen, packet: Packet) -> bool:
    return before.ssrc == packet.ssrc and 0 < (packet.sequence - before.sequence) % SEQUENCE_STEPS <= MOST_STEP
