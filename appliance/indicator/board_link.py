"""The box's side of the talk with its light board: bytes in, bytes and news out; it reads no clock and no port.

Only differences are sent. Once a second a heartbeat asks what the board shows; when that is not what it should be (a
lost packet, a board that was started anew) the picture goes out again. So no wrong picture outlives a second or two.
"""

from dataclasses import dataclass
from typing import Final

from appliance.indicator.board_packets import (
    Button,
    ButtonState,
    Identity,
    Kind,
    Packet,
    PacketError,
    VersionError,
    decoded,
    digest,
    encoded,
    read_ack,
    read_button,
    read_identity,
)

HEARTBEAT_S: Final = 1.0
RESEND_S: Final = 0.2
"""An answer takes a few milliseconds; a board that is busy, or whose packet was hurt, is asked again after this."""
SILENT_S: Final = 3.0
"""A board that says nothing for so long is lost: the port is opened anew."""
MAX_BUFFER_BYTES: Final = 256
"""A few packets. What is longer without a zero is garbage."""


@dataclass(frozen=True, slots=True)
class Met:
    """The board has said who it is."""

    identity: Identity


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed the button of the board."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """The button has been down for too long to be a finger, or is free again."""

    is_stuck: bool


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """The board speaks another version of the protocol."""

    version: int


News = Met | Pressed | Stuck | OtherVersion


class BoardLink:
    """The talk with one board, from the opening of its port to its loss; `now_s` is any clock that only grows."""

    def __init__(self, now_s: float) -> None:
        self.identity: Identity | None = None
        self._heard_at_s = now_s
        self._asked_at_s = -SILENT_S
        self._sent_at_s = -SILENT_S
        self._picture = b""
        self._shown = 0
        self._sequence = 0
        self._buffer = bytearray()
        self._out = bytearray(b"\0")  # ends whatever half a packet is still on the wire
        self._button: int | None = None
        self._stuck = False

    def show(self, picture: bytes) -> None:
        """Want this picture from now on."""
        if picture != self._picture:
            self._picture = picture
            self._sent_at_s = -SILENT_S  # a new picture does not wait for the answer to the one before

    def leave(self) -> bytes:
        """Give the bytes that ask the board to end its program and take orders from `mpremote`."""
        return self._packet(Kind.LEAVE)

    def receive(self, data: bytes, now_s: float) -> list[News]:
        """Take what came from the board; whatever is no packet is passed over."""
        news: list[News] = []
        self._buffer += data
        while (end := self._buffer.find(0)) >= 0:
            wire = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            try:
                news += self._receive_packet(decoded(wire), now_s) if wire else ()
            except VersionError as error:
                news.append(OtherVersion(error.version))
            except PacketError:
                continue
        if len(self._buffer) > MAX_BUFFER_BYTES:
            self._buffer.clear()
        return news

    def send(self, now_s: float) -> bytes:
        """Give what must go out now."""
        if self.identity is None:
            if now_s - self._asked_at_s >= RESEND_S:
                self._asked_at_s = now_s
                self._out += self._packet(Kind.HELLO)
        elif self._picture and digest(self._picture) != self._shown and now_s - self._sent_at_s >= RESEND_S:
            self._sent_at_s = self._asked_at_s = now_s
            self._out += self._packet(Kind.SHOW, self._picture)
        elif now_s - self._asked_at_s >= HEARTBEAT_S:
            self._asked_at_s = now_s
            self._out += self._packet(Kind.HEARTBEAT)
        out = bytes(self._out)
        self._out.clear()
        return out

    def is_silent(self, now_s: float) -> bool:
        """Say whether the board must be taken for lost."""
        return now_s - self._heard_at_s >= SILENT_S

    def next_s(self, now_s: float) -> float:
        """Give the seconds until `send` or `is_silent` may have something new to say."""
        is_shown = self.identity is not None and digest(self._picture) == self._shown
        at_s = self._asked_at_s + (HEARTBEAT_S if is_shown else RESEND_S)
        return max(0.0, min(at_s, self._heard_at_s + SILENT_S) - now_s)

    def _receive_packet(self, packet: Packet, now_s: float) -> list[News]:
        if packet.kind == Kind.IDENTITY:
            self.identity = read_identity(packet.payload)
            self._heard_at_s = now_s
            return [Met(self.identity)]
        if packet.kind == Kind.ACK:
            ack = read_ack(packet.payload)
            self._heard_at_s = now_s
            self._shown = ack.digest
            if not ack.digest:
                self._button = None  # the board was started anew, and counts from the beginning
            return self._receive_stuck(ack.button == ButtonState.STUCK)
        if packet.kind == Kind.BUTTON:
            return self._receive_button(read_button(packet.payload))
        return []

    def _receive_stuck(self, is_stuck: bool) -> list[News]:  # noqa: FBT001 - the one thing that it is told
        if is_stuck == self._stuck:
            return []
        self._stuck = is_stuck
        return [Stuck(is_stuck)]

    def _receive_button(self, button: Button) -> list[News]:
        self._out += self._packet(Kind.BUTTON_SEEN, bytes([button.count]))
        if button.count == self._button:
            return []
        self._button = button.count
        return [Pressed()] if button.is_down else []

    def _packet(self, kind: Kind, payload: bytes = b"") -> bytes:
        self._sequence = (self._sequence + 1) % 256
        return encoded(Packet(kind, self._sequence, payload))
