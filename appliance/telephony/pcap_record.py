"""One packet of a capture, whatever the form of the file."""

from typing import Final, NamedTuple

MOST_PACKET_BYTES: Final = 262_144
"""What tcpdump keeps of a packet at most; a length above it is damage."""


class CapturedPacket(NamedTuple):
    """What was seen on a wire. `captured_s` counts from 1970, `link` is the type of its link layer (`ethernet`)."""

    captured_s: float
    link: int
    data: bytes
