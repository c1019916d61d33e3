import io
import struct

import pytest

from appliance.errors import BadInputError
from appliance.telephony.pcap import is_capture, read_capture
from appliance.telephony.pcap_record import CapturedPacket

from .rtp_captures import FOLDER

PACKETS = [b"one", b"three", b"", b"eleven bytes"]
TIMES_S = [1.5, 2.000001, 2.5, 1_700_000_000.25]
MICRO, NANO = 1_000_000, 1_000_000_000


def pcap(order: str, ticks_per_s: int = MICRO, link: int = 1) -> bytes:
    magic = 0xA1B2C3D4 if ticks_per_s == MICRO else 0xA1B23C4D
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65_535, link)]
    for at_s, data in zip(TIMES_S, PACKETS, strict=True):
        ticks = round(at_s % 1 * ticks_per_s)
        parts.append(struct.pack(order + "IIII", int(at_s), ticks, len(data), len(data)) + data)
    return b"".join(parts)


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def pcapng(order: str, resolution: bytes = b"\x06", link: int = 1) -> bytes:
    section = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    option = struct.pack(order + "HH", 9, 1) + resolution + bytes(3) + bytes(4)
    parts = [section, block(order, 1, struct.pack(order + "HHI", link, 0, 65_535) + option)]
    base = 2 ** (resolution[0] & 0x7F) if resolution[0] & 0x80 else 10 ** resolution[0]
    for at_s, data in zip(TIMES_S, PACKETS, strict=True):
        ticks = round(at_s * base)
        head = struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
        parts += [block(order, 6, head + data), block(order, 5, b"statistics..")]
    return b"".join(parts)


def read(file: bytes) -> list[CapturedPacket]:
    return list(read_capture(io.BytesIO(file).read, "call.pcap"))


FILES = {
    "classic": pcap("<"),
    "classic, the other byte order": pcap(">"),
    "nanoseconds": pcap("<", NANO),
    "nanoseconds, the other byte order": pcap(">", NANO),
    "next generation": pcapng("<"),
    "next generation, the other byte order": pcapng(">"),
    "next generation, nanoseconds": pcapng("<", b"\x09"),
    "next generation, powers of two": pcapng("<", b"\x94"),
    "two sections": pcapng("<")[:0] + pcapng(">"),
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES.keys())
def test_every_form_of_capture_is_read_alike(file: bytes) -> None:
    assert is_capture(file)
    packets = read(file)
    assert [each.data for each in packets] == PACKETS
    assert [each.captured_s for each in packets] == pytest.approx(TIMES_S, abs=2e-6)
    assert {each.link for each in packets} == {1}


def test_sections_may_differ_in_byte_order() -> None:
    assert [each.data for each in read(pcapng("<") + pcapng(">"))] == PACKETS * 2


def test_simple_packets_have_no_time() -> None:
    file = pcapng("<")
    simple = block("<", 3, struct.pack("<I", 5) + b"plain")
    assert read(file + simple)[-1] == CapturedPacket(0.0, 1, b"plain")


@pytest.mark.parametrize("file", [pcap("<"), pcapng(">")])
@pytest.mark.parametrize("less", range(1, 40, 3))
def test_a_capture_that_was_cut_off_ends_before_its_last_packet(file: bytes, less: int) -> None:
    assert [each.data for each in read(file[:-less])] == PACKETS[: len(read(file[:-less]))]
    assert len(read(file[:-less])) >= 2


BAD = {
    "empty": (b"", "empty"),
    "text": (b"no capture at all", "not a capture"),
    "half a header": (pcap("<")[:20], "ends in its header"),
    "a huge packet": (pcap("<")[:24] + struct.pack("<IIII", 0, 0, 1 << 30, 1 << 30), "a packet of 1073741824 bytes"),
    "a huge block": (pcapng("<") + struct.pack("<II", 6, 1 << 30), "a block of 1073741824 bytes"),
    "a crooked block": (pcapng("<") + struct.pack("<II", 6, 33), "a block of 33 bytes"),
    "a block without end": (pcapng("<") + struct.pack("<II", 6, 0), "a block of 0 bytes"),
    "no byte order": (pcapng("<")[:8] + bytes(20), "without byte order"),
}


@pytest.mark.parametrize(("file", "what"), BAD.values(), ids=BAD.keys())
def test_what_is_no_capture_is_refused_with_its_name_and_what_to_do(file: bytes, what: str) -> None:
    with pytest.raises(BadInputError, match=what) as error:
        read(file)
    assert error.value.where == "call.pcap"
    assert "tcpdump" in error.value.mend


def test_the_captured_calls_of_real_telephones_are_read() -> None:
    for name in ("call_pcmu_keys", "call_g722", "call_opus", "call_pcma_srtp"):
        packets = read((FOLDER / f"{name}.pcap").read_bytes())
        assert len(packets) > 150
        assert {each.link for each in packets} == {1}
