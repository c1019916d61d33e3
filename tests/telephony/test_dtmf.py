import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInputError
from appliance.telephony.dtmf import KEYS, Keypad, KeyPress, KeyReport, parse_key

from .rtp_captures import packet, stream


def test_the_end_of_a_real_key_is_read() -> None:
    assert parse_key(packet("key_begin")[12:]) == KeyReport("4", is_over=False, level_dbm0=-10, duration=160)
    assert parse_key(packet("key_end")[12:]) == KeyReport("4", is_over=True, level_dbm0=-10, duration=1440)


def told(packets: list[tuple[bytes, int]]) -> str:
    keypad = Keypad()
    keys = [key for payload, timestamp in packets for key in keypad.receive(payload, timestamp)]
    return "".join(key.key for key in [*keys, *keypad.finish()])


REAL = [(rtp.payload, rtp.timestamp) for _, rtp in stream("call_pcmu_keys", 2) if rtp.payload_type == 101]


def test_the_keys_of_a_real_call_are_told_once_each() -> None:
    assert told(REAL) == "42#"


@given(st.sets(st.integers(0, len(REAL) - 1)))
def test_whichever_packets_are_lost_no_key_is_told_twice(lost: set[int]) -> None:
    left = [each for number, each in enumerate(REAL) if number not in lost]
    keys = list(told(left))
    assert keys == [key for key in "42#" if any(parse_key(payload).key == key for payload, _ in left)]  # type: ignore[union-attr]


def test_a_key_whose_end_never_came_is_told_by_the_next_one() -> None:
    keypad = Keypad()
    assert keypad.receive(b"\x01\x0a\x01\x40", 100) == []
    assert keypad.receive(b"\x02\x0a\x00\xa0", 900) == [KeyPress("1", 100, 320)]
    assert keypad.finish() == [KeyPress("2", 900, 160)]
    assert keypad.finish() == []


def test_tones_that_are_no_keys_are_passed_over() -> None:
    assert parse_key(bytes((len(KEYS), 0, 0, 0))) is None
    assert Keypad().receive(b"\x20\x8a\x00\xa0", 1) == []


def test_half_an_event_is_refused() -> None:
    with pytest.raises(BadInputError, match="has 3 bytes"):
        parse_key(b"\x01\x0a\x00")
