"""Writes the table of test vectors of the light board's protocol: `python -m tests.light_board.vectors`."""

import json
from typing import Any

from appliance.indicator.animation import pixels_at
from appliance.indicator.board_packets import Kind, Packet, decoded, encoded, picture
from appliance.indicator.looks import Pattern
from appliance.indicator.patterns import HOST_LOST, LightState, pattern
from tests.light_board.rig import BOARD

FILE = BOARD / "vectors.json"

PICTURES = {
    "starting": pattern(LightState(starting=True)),
    "host lost": Pattern(HOST_LOST, None, ""),
    "urgent": pattern(LightState("urgent", blinking=True)),
    "urgent, offline": pattern(LightState("urgent", blinking=True, link_online=False)),
    "muted, attention": pattern(LightState("attention", muted=True)),
    "identify": pattern(LightState(identifying=True)),
}

PACKETS = {
    "hello": Packet(Kind.HELLO, 1),
    "show": Packet(Kind.SHOW, 2, picture(PICTURES["urgent, offline"])),
    "show with a tone": Packet(Kind.SHOW, 255, picture(PICTURES["urgent"], buzz=True)),
    "heartbeat": Packet(Kind.HEARTBEAT, 0),
    "button seen": Packet(Kind.BUTTON_SEEN, 3, bytes([7])),
    "leave": Packet(Kind.LEAVE, 4),
    "identity": Packet(Kind.IDENTITY, 1, bytes([1, 0, 0, 8, 1]) + b"\xe6\x61\x00\x01\x02\x03\x04\x05"),
    "ack, nothing shown": Packet(Kind.ACK, 2, bytes(7)),
    "ack": Packet(Kind.ACK, 3, bytes.fromhex("2639f4cb020100")),
    "button down": Packet(Kind.BUTTON, 4, bytes([7, 1])),
    "the longest": Packet(0x3F, 5, bytes(range(57))),
}

HELLO = encoded(PACKETS["hello"])[:-1]

REFUSED = {
    "a wrong CRC": HELLO[:-1] + bytes([HELLO[-1] ^ 1]),
    "too short": encoded(PACKETS["hello"])[:4],
    "a block that ends too early": HELLO[:-1],
    "a block of no length": b"\x00",
    "one byte too long": encoded(Packet(0x3F, 5, bytes(58)))[:-1],
}

OTHER_VERSIONS = {"version 2": encoded(Packet(Kind.HELLO, 1), version=2)[:-1]}


def table() -> dict[str, Any]:
    """Give all vectors, bytes in hex."""
    return {
        "packets": [
            {"name": name, "kind": int(packet.kind), "sequence": packet.sequence, "payload": packet.payload.hex()}
            | {"wire": encoded(packet).hex()}
            for name, packet in PACKETS.items()
        ],
        "refused": [{"name": name, "wire": wire.hex()} for name, wire in REFUSED.items()],
        "other_versions": [{"name": name, "wire": wire.hex()} for name, wire in OTHER_VERSIONS.items()],
        "pictures": [
            {
                "name": name,
                "picture": picture(shown).hex(),
                "pixels": [
                    {"at_ms": at_ms, "colours": b"".join(map(bytes, pixels_at(shown, at_ms, count))).hex()}
                    for count in (8, 3, 1)
                    for at_ms in (0, 249, 250, 399, 400, 999, 1990, 3999, 5999)
                ],
            }
            for name, shown in PICTURES.items()
        ],
    }


def text() -> str:
    """Give the file's text: one vector a line."""
    parts = (
        f'  "{name}": [\n' + ",\n".join(f"    {json.dumps(row)}" for row in rows) + "\n  ]"
        for name, rows in table().items()
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    assert decoded(HELLO) == PACKETS["hello"]
    FILE.write_text(text(), "utf-8")
