"""IP packets that came in pieces, put together again (RFC 791, section 3.2; RFC 8200, section 4.5).

Large SIP messages over UDP come so; voice never does. Pieces that overlap are an attack, and their packet is dropped.
"""

from typing import Final, NamedTuple

MOST_PACKETS: Final = 64
"""In pieces at once; the oldest is given up for a new one."""

MOST_BYTES: Final = 65_535
MOST_PIECES: Final = 64
MOST_AGE_S: Final = 30.0
"""RFC 791 gives the pieces of a packet between 15 s and its time to live."""


class Fragment(NamedTuple):
    """One piece of an IP packet; `more` says that others follow behind it."""

    source: bytes
    target: bytes
    protocol: int
    identity: int
    offset: int
    more: bool
    body: bytes


class _Pieces:
    def __init__(self, began_s: float) -> None:
        self.began_s = began_s
        self.bodies: dict[int, bytes] = {}
        self.end: int | None = None


class Fragments:
    """The packets that have not come whole yet."""

    def __init__(self) -> None:
        self._open: dict[tuple[bytes, bytes, int, int], _Pieces] = {}

    def receive(self, piece: Fragment, captured_s: float) -> tuple[bytes, bytes, int, bytes] | None:
        """Take a piece; give source, target, protocol and body of the packet that it completes."""
        key = (piece.source, piece.target, piece.protocol, piece.identity)
        pieces = self._open.pop(key, None)
        if pieces is None or captured_s - pieces.began_s > MOST_AGE_S:
            pieces = _Pieces(captured_s)
        pieces.bodies[piece.offset] = piece.body
        if not piece.more:
            pieces.end = piece.offset + len(piece.body)
        if piece.offset + len(piece.body) > MOST_BYTES or len(pieces.bodies) > MOST_PIECES:
            return None
        if pieces.end is not None and (whole := _joined(pieces.bodies, pieces.end)) is not None:
            return piece.source, piece.target, piece.protocol, whole
        while len(self._open) >= MOST_PACKETS:
            del self._open[next(iter(self._open))]
        self._open[key] = pieces
        return None


def _joined(bodies: dict[int, bytes], end: int) -> bytes | None:
    whole = b""
    for offset in sorted(bodies):
        if offset != len(whole):
            return None
        whole += bodies[offset]
    return whole if len(whole) == end else None
