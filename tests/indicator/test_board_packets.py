import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.indicator.board_packets import (
    MAX_PACKET_BYTES,
    Ack,
    Button,
    ButtonState,
    Packet,
    PacketError,
    decoded,
    encoded,
    read_ack,
    read_button,
    read_identity,
    stuffed,
    unstuffed,
)

PACKETS = st.builds(Packet, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=MAX_PACKET_BYTES - 7))


@given(PACKETS)
def test_what_is_written_is_read_and_holds_no_zero_but_its_last_byte(packet: Packet) -> None:
    wire = encoded(packet)
    assert wire.find(0) == len(wire) - 1
    assert decoded(wire[:-1]) == packet


@given(st.binary(max_size=1000))
def test_any_bytes_can_be_stuffed(data: bytes) -> None:
    assert 0 not in stuffed(data)
    assert unstuffed(stuffed(data)) == data


@given(st.binary(max_size=200))
def test_any_bytes_are_a_packet_or_a_packet_error(wire: bytes) -> None:
    try:
        packet = decoded(wire)
    except PacketError:
        return
    assert unstuffed(encoded(packet)[:-1]) == unstuffed(wire)


@given(PACKETS, st.data())
def test_a_bit_that_was_hurt_is_noticed(packet: Packet, data: st.DataObject) -> None:
    wire = bytearray(encoded(packet)[:-1])
    place = data.draw(st.integers(0, len(wire) * 8 - 1))
    wire[place // 8] ^= 1 << place % 8
    with pytest.raises(PacketError):
        decoded(bytes(wire))


@given(st.binary(max_size=20))
def test_any_payload_is_read_or_refused(payload: bytes) -> None:
    for read in (read_identity, read_ack, read_button):
        try:
            read(payload)
        except PacketError as error:
            assert "short" in str(error) or "button" in str(error)  # noqa: PT017 - the text is the outcome


def test_the_board_s_words_are_read_and_what_newer_firmware_adds_is_passed_over() -> None:
    assert read_ack(bytes.fromhex("04030201020500ff")) == Ack(0x01020304, ButtonState.STUCK, 5)
    assert read_button(b"\x07\x01\xff") == Button(7, is_down=True)
    assert read_identity(bytes([1, 2, 3, 8, 1]) + b"12345678more").firmware == (1, 2, 3)
