import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInputError
from appliance.telephony.rtp import (
    SEQUENCE_STEPS,
    Packet,
    is_rtcp,
    looks_like_rtp,
    parse_rtp,
    unwrapped,
    write_rtp,
)

from .rtp_captures import packet

NAMES = ("pcmu", "g722", "opus", "key_begin", "key_end")


def with_first_byte(data: bytes, first: int) -> bytes:
    return bytes([first]) + data[1:]


@pytest.mark.parametrize("name", NAMES)
def test_a_packet_is_written_as_it_came(name: str) -> None:
    assert write_rtp(parse_rtp(packet(name))) == packet(name)


def test_the_header_of_a_real_packet_is_read() -> None:
    parsed = parse_rtp(packet("pcmu"))
    assert (parsed.payload_type, parsed.marker, len(parsed.payload)) == (0, False, 160)
    assert parse_rtp(packet("key_begin")).marker


def test_contributors_extension_and_padding_are_no_payload() -> None:
    head = packet("pcmu")[:12]
    extra = bytes(8) + struct.pack(">HH", 0xBEDE, 1) + bytes(4)
    data = with_first_byte(head, 0x80 | 0x20 | 0x10 | 2) + head[12:] + extra + b"voice" + b"\0\0\3"
    parsed = parse_rtp(data)
    assert parsed.payload == b"voice"
    assert parsed.header_bytes == 12 + len(extra)
    assert parse_rtp(data, encrypted=True).payload == b"voice\0\0\3"


BAD = {
    "empty": (b"", "has 0 bytes"),
    "short": (bytes(11), "has 11 bytes"),
    "version 1": (with_first_byte(bytes(12), 0x40), "version 1"),
    "contributors": (with_first_byte(bytes(12), 0x81), "truncated CSRC"),
    "extension": (with_first_byte(bytes(12), 0x90), "truncated extension profile"),
    "extension value": (with_first_byte(bytes(12), 0x90) + b"\0\0\0\1", "truncated extension value"),
    "no padding": (with_first_byte(bytes(12), 0xA0) + b"\0", "padding length"),
    "too much padding": (with_first_byte(bytes(12), 0xA0) + b"\2", "padding length"),
    "padding without payload": (with_first_byte(bytes(12), 0xA0), "padding length"),
}


@pytest.mark.parametrize(("data", "what"), BAD.values(), ids=BAD.keys())
def test_what_is_no_packet_is_refused_by_its_fault(data: bytes, what: str) -> None:
    with pytest.raises(BadInputError, match=what):
        parse_rtp(data)


def test_rtcp_on_the_same_port_is_told_from_rtp() -> None:
    assert all(is_rtcp(packet(name)) for name in ("rtcp_report", "rtcp_goodbye", "rtcp_application"))
    assert all(looks_like_rtp(packet(name)) for name in NAMES)
    assert not looks_like_rtp(packet("rtcp_report"))
    assert not looks_like_rtp(b"INVITE sip:agent@10.77.0.1 SIP/2.0")


@given(st.integers(0, 1 << 40), st.integers(1 - SEQUENCE_STEPS // 2, SEQUENCE_STEPS // 2 - 1))
def test_a_wrapped_number_is_found_again_near_the_last_one(last: int, step: int) -> None:
    assert unwrapped((last + step) % SEQUENCE_STEPS, last, SEQUENCE_STEPS) == last + step


@given(
    st.builds(
        Packet,
        payload_type=st.integers(0, 127),
        sequence=st.integers(0, 65_535),
        timestamp=st.integers(0, 2**32 - 1),
        ssrc=st.integers(0, 2**32 - 1),
        payload=st.binary(max_size=40),
        marker=st.booleans(),
        header_bytes=st.just(12),
    )
)
def test_what_is_written_is_read_again(given_packet: Packet) -> None:
    assert parse_rtp(write_rtp(given_packet)) == given_packet
