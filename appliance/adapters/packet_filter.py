"""The kernel's filter of what a tap may see (classic BPF, as in linux/filter.h): UDP, SIP's TCP port, fragments.

All else on the mirror port, which is most of it and nobody's business here, never reaches the program. While the line
is muted no voice does either.
"""

import struct
from typing import Final

_LOAD_HALF: Final = 0x28
_LOAD_BYTE: Final = 0x30
_LOAD_HALF_X: Final = 0x48
_LOAD_HEADER_X: Final = 0xB1
_LOAD_BYTE_X: Final = 0x50
_AND: Final = 0x54
_JUMP: Final = 0x05
_JUMP_EQUAL: Final = 0x15
_JUMP_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06

_KEPT_BYTES: Final = 4_096
_SIP_PORT: Final = 5_060


def _program(*steps: tuple[int, int, int, int]) -> bytes:
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


# Offsets are those of Ethernet without a tag: the kernel takes the tag of a VLAN off before it.

TELEPHONY: Final = _program(
    (_LOAD_HALF, 0, 0, 12),
    (_JUMP_EQUAL, 13, 0, 0x8100),  # a second tag: let the program see
    (_JUMP_EQUAL, 9, 0, 0x86DD),
    (_JUMP_EQUAL, 0, 12, 0x0800),
    (_LOAD_BYTE, 0, 0, 23),
    (_JUMP_EQUAL, 9, 0, 17),
    (_JUMP_EQUAL, 0, 9, 6),
    (_LOAD_HEADER_X, 0, 0, 14),
    (_LOAD_HALF_X, 0, 0, 14),
    (_JUMP_EQUAL, 5, 0, _SIP_PORT),
    (_LOAD_HALF_X, 0, 0, 16),
    (_JUMP_EQUAL, 3, 4, _SIP_PORT),
    (_LOAD_BYTE, 0, 0, 20),
    (_JUMP_EQUAL, 1, 0, 17),
    (_JUMP_EQUAL, 0, 1, 44),
    (_RETURN, 0, 0, _KEPT_BYTES),
    (_RETURN, 0, 0, 0),
)

SIGNALLING: Final = _program(
    (_LOAD_HALF, 0, 0, 12),
    (_JUMP_EQUAL, 14, 0, 0x86DD),
    (_JUMP_EQUAL, 0, 19, 0x0800),  # what has a second tag may be a voice
    (_LOAD_HALF, 0, 0, 20),
    (_JUMP_ANY_BIT, 17, 0, 0x1FFF),  # as may the rest of a datagram
    (_LOAD_BYTE, 0, 0, 23),
    (_JUMP_EQUAL, 6, 0, 17),
    (_JUMP_EQUAL, 0, 14, 6),
    (_LOAD_HEADER_X, 0, 0, 14),
    (_LOAD_HALF_X, 0, 0, 14),
    (_JUMP_EQUAL, 10, 0, _SIP_PORT),
    (_LOAD_HALF_X, 0, 0, 16),
    (_JUMP_EQUAL, 8, 9, _SIP_PORT),
    (_LOAD_HEADER_X, 0, 0, 14),
    (_LOAD_BYTE_X, 0, 0, 22),
    (_JUMP, 0, 0, 3),
    (_LOAD_BYTE, 0, 0, 20),
    (_JUMP_EQUAL, 0, 4, 17),
    (_LOAD_BYTE, 0, 0, 62),
    (_AND, 0, 0, 0xC0),  # the version in the first octet of RTP, RTCP and their protected kinds
    (_JUMP_EQUAL, 1, 0, 0x80),
    (_RETURN, 0, 0, _KEPT_BYTES),
    (_RETURN, 0, 0, 0),
)
