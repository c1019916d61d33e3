"""The light board: shows the picture that the box sends, tells of its button, and says when the box is gone.

Nothing here waits: each turn takes the bytes that are there, the milliseconds that passed and the state of the button,
and gives the bytes to send and the colours to show. All that touches the chip is in pins.py.
"""

import struct

import packets
from animation import Animation

FIRMWARE = (1, 0, 0)

HOST_LOST_MS = 3000
STUCK_MS = 10000
"""Nobody holds a button for so long; something leans on it, or it is broken."""
BOUNCE_MS = 20
REPEAT_MS = 200
"""A button event is told again until the box has seen it,"""
REPEATS = 15
"""for 3 s: then the box is gone, and an old press must not surprise anybody."""
BUZZ_MS = 120

# Both are pictures, as in SHOW. They are the box's own table (appliance/indicator/patterns.py), which a test compares.
STARTING = b"\x00\x0c\x4c\x03\xc0\xe8\x03\xf4\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"
HOST_LOST = b"\x38\x00\xb2\x99\x00\xc4\x09\xe2\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00"


class Light:
    """The board's whole state."""

    def __init__(self, pixels: int, has_buzzer: bool, serial: bytes) -> None:
        self.pixels = pixels
        self.identity = bytes(FIRMWARE) + bytes([pixels, int(has_buzzer)]) + (serial + bytes(8))[:8]
        self.digest = 0
        self.leaves = False
        self.buzz_ms = 0
        self._animation = Animation(STARTING)
        self._silent_ms = 0
        self._buffer = bytearray()
        self._too_long = False
        self._refused = 0
        self._sequence = 0
        self._button = Button()

    def turn(self, elapsed_ms: int, data: bytes, button_is_down: bool) -> bytes:
        """Take what happened since the turn before; give what must be sent."""
        self._animation.advance(elapsed_ms)
        self.buzz_ms = max(0, self.buzz_ms - elapsed_ms)
        self._silent_ms = min(self._silent_ms + elapsed_ms, 2 * HOST_LOST_MS)
        out = self._receive(data)
        told = self._button.turn(elapsed_ms, button_is_down)
        if told is not None:
            out += self._packet(packets.BUTTON, told)
        if self._silent_ms >= HOST_LOST_MS and self.digest is not None:
            self.digest = None
            self._animation = Animation(HOST_LOST)
        return out

    def colours(self) -> list:
        """Give red, green and blue of each pixel now."""
        return self._animation.colours(self.pixels)

    def _receive(self, data: bytes) -> bytes:
        out = b""
        for byte in data:
            if byte:
                if len(self._buffer) < packets.MAX_WIRE_BYTES:
                    self._buffer.append(byte)
                else:
                    self._too_long = True
                continue
            wire, self._buffer = bytes(self._buffer), bytearray()
            if wire:
                out += b"" if self._too_long else self._receive_wire(wire)
                self._refused = (self._refused + self._too_long) & 0xFFFF
            self._too_long = False
        return out

    def _receive_wire(self, wire: bytes) -> bytes:
        try:
            packet = packets.decoded(wire)
        except packets.OtherVersionError:
            return self._packet(packets.IDENTITY, self.identity)
        if packet is None:
            self._refused = (self._refused + 1) & 0xFFFF
            return b""
        kind, _, payload = packet
        if kind == packets.HELLO:
            return self._packet(packets.IDENTITY, self.identity)
        if kind == packets.SHOW and len(payload) == packets.PICTURE_BYTES:
            self._show(payload)
            return self._ack()
        if kind == packets.HEARTBEAT:
            self._silent_ms = 0
            return self._ack()
        if kind == packets.BUTTON_SEEN and len(payload) == 1:
            self._button.receive_seen(payload[0])
        if kind == packets.LEAVE:
            self.leaves = True
        return b""

    def _show(self, picture: bytes) -> None:
        self._silent_ms = 0
        digest = packets.crc(picture)
        if digest != self.digest:
            self.digest = digest
            self._animation = Animation(picture)
            self.buzz_ms = BUZZ_MS if picture[-1] & 1 else 0

    def _ack(self) -> bytes:
        shown = self.digest or 0
        payload = struct.pack("<IBH", shown, self._button.state, self._refused)
        return self._packet(packets.ACK, payload)

    def _packet(self, kind: int, payload: bytes) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFF
        return packets.encoded(kind, self._sequence, payload)


class Button:
    """The mute button: debounced, each change told until the box has seen it."""

    def __init__(self) -> None:
        self.state = packets.UP
        self._held_ms = 0
        self._differs_ms = 0
        self._count = 0
        self._left = 0
        self._wait_ms = 0

    def turn(self, elapsed_ms: int, is_down: bool) -> bytes | None:
        """Give the payload of BUTTON when it must be told now."""
        was_down = self.state != packets.UP
        self._differs_ms = self._differs_ms + elapsed_ms if is_down != was_down else 0
        if is_down != was_down and self._differs_ms >= BOUNCE_MS:
            self.state = packets.DOWN if is_down else packets.UP
            self._held_ms = 0
            self._differs_ms = 0
            self._count = (self._count + 1) & 0xFF
            self._left = REPEATS
            self._wait_ms = 0
        if self.state == packets.DOWN:
            self._held_ms += elapsed_ms
            if self._held_ms >= STUCK_MS:
                self.state = packets.STUCK
        return self._told(elapsed_ms)

    def receive_seen(self, count: int) -> None:
        """Take that the box has seen an event."""
        if count == self._count:
            self._left = 0

    def _told(self, elapsed_ms: int) -> bytes | None:
        self._wait_ms = max(0, self._wait_ms - elapsed_ms)
        if not self._left or self._wait_ms:
            return None
        self._left -= 1
        self._wait_ms = REPEAT_MS
        return bytes([self._count, int(self.state != packets.UP)])


def run(pins) -> None:
    """Run until the box asks the board to leave; `pins` is the module that touches the chip."""
    light = Light(pins.PIXELS, pins.HAS_BUZZER, pins.serial())
    while not light.leaves:
        out = light.turn(pins.elapsed_ms(), pins.read(), pins.button_is_down())
        if out:
            pins.write(out)
        pins.show(light.colours(), light.buzz_ms > 0)
    pins.enter_service()
