"""Run by MicroPython beside the firmware: holds the board's own codec and animation against the vectors."""

import binascii
import json
import sys

import packets
from animation import Animation

with open(sys.argv[1]) as file:
    table = json.load(file)

for row in table["packets"]:
    wire, payload = binascii.unhexlify(row["wire"]), binascii.unhexlify(row["payload"])
    assert packets.encoded(row["kind"], row["sequence"], payload) == wire, row["name"]
    assert packets.decoded(wire[:-1]) == (row["kind"], row["sequence"], payload), row["name"]
for row in table["refused"]:
    assert packets.decoded(binascii.unhexlify(row["wire"])) is None, row["name"]
for row in table["other_versions"]:
    try:
        packets.decoded(binascii.unhexlify(row["wire"]))
    except packets.OtherVersionError:
        continue
    raise AssertionError(row["name"])
for row in table["pictures"]:
    for moment in row["pixels"]:
        animation = Animation(binascii.unhexlify(row["picture"]))
        animation.advance(moment["at_ms"])
        colours = binascii.unhexlify(moment["colours"])
        shown = b"".join(bytes(colour) for colour in animation.colours(len(colours) // 3))
        assert shown == colours, (row["name"], moment["at_ms"])
print("agreed on", sum(len(rows) for rows in table.values()))
