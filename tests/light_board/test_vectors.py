"""Both sides of the protocol, held against one table."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.indicator.board_packets import Packet, PacketError, VersionError, decoded, encoded
from tests.light_board.rig import HERE, install, micropython
from tests.light_board.vectors import FILE, text

TABLE = json.loads(FILE.read_text("utf-8"))


def test_the_file_is_up_to_date() -> None:
    assert FILE.read_text("utf-8") == text(), "python -m tests.light_board.vectors writes it"


@pytest.mark.parametrize("row", TABLE["packets"], ids=lambda row: row["name"])
def test_the_box_writes_and_reads_each_packet(row: dict[str, str]) -> None:
    packet = Packet(int(row["kind"]), int(row["sequence"]), bytes.fromhex(row["payload"]))
    wire = bytes.fromhex(row["wire"])
    assert encoded(packet) == wire
    assert decoded(wire[:-1]) == packet


@pytest.mark.parametrize("row", TABLE["refused"], ids=lambda row: row["name"])
def test_the_box_refuses_what_is_none(row: dict[str, str]) -> None:
    with pytest.raises(PacketError):
        decoded(bytes.fromhex(row["wire"]))


@pytest.mark.parametrize("row", TABLE["other_versions"], ids=lambda row: row["name"])
def test_the_box_knows_a_packet_of_another_version(row: dict[str, str]) -> None:
    with pytest.raises(VersionError, match="version 2, and only 1 is known"):
        decoded(bytes.fromhex(row["wire"]))


def test_a_packet_that_was_made_by_hand_is_among_them() -> None:
    # CRC-32 bit by bit, as RFC 1952, section 8, has it.
    crc = 0xFFFFFFFF
    for byte in b"\x01\x21\x01":
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    by_hand = b"\x08\x01\x21\x01" + crc.to_bytes(4, "little") + b"\x00"
    assert by_hand.count(0) == 1
    assert bytes.fromhex(TABLE["packets"][0]["wire"]) == by_hand


def test_the_board_agrees_with_the_same_table(tmp_path: Path) -> None:
    install(tmp_path, "lockstep")
    script = shutil.copy(HERE / "check_vectors.py", tmp_path)
    done = subprocess.run((micropython(), script, str(FILE)), capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout) == ("", f"agreed on {sum(map(len, TABLE.values()))}\n")
