import contextlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInputError
from appliance.telephony.hid import HookField, hook_field, is_off_hook


def items(*parts: tuple[int, int]) -> bytes:
    """Give short items of one byte of data each, by their prefix."""
    return b"".join(bytes((prefix, data)) for prefix, data in parts)


def descriptor(report_id: int, before: Sequence[tuple[int, int]], usages_before: int) -> tuple[bytes, int]:
    """Give a descriptor whose hook switch comes behind fields of so many bits and usages, and the place of its bit."""
    telephony, keys = (0x05, 0x0B), (0x05, 0x09)
    fields = [item for size, count in before for item in (keys, (0x09, 1), (0x75, size), (0x95, count), (0x81, 2))]
    own = [telephony, *((0x09, 0x21) for _ in range(usages_before)), (0x09, 0x20), (0x75, 1), (0x95, usages_before + 1)]
    head = [(0x85, report_id)] if report_id else []
    return items(*head, *fields, *own, (0x81, 2)), sum(size * count for size, count in before) + usages_before


@given(st.integers(0, 255), st.lists(st.tuples(st.integers(1, 32), st.integers(1, 16)), max_size=6), st.integers(0, 20))
def test_the_hook_switch_is_found_wherever_it_lies_and_read_from_a_report(
    report_id: int, before: list[tuple[int, int]], usages_before: int
) -> None:
    data, bit = descriptor(report_id, before, usages_before)
    field = hook_field(data)
    assert field == HookField(report_id, bit)
    for state in (True, False):
        body = bytearray(b"\xff" if not state else b"\0") * (bit // 8 + 2)
        body[bit // 8] ^= 1 << bit % 8
        report = (bytes([report_id]) if report_id else b"") + bytes(body)
        assert is_off_hook(field, report) is state
        assert is_off_hook(field, report[: len(report) - 2]) is None
    if report_id:
        assert is_off_hook(field, bytes([report_id ^ 1]) + bytes(40)) is None
        assert is_off_hook(field, b"") is None


@given(st.binary(max_size=200))
def test_any_bytes_give_a_field_or_none_or_a_clear_error(data: bytes) -> None:
    with contextlib.suppress(BadInputError):
        field = hook_field(data)
        assert field is None or is_off_hook(field, bytes(20_000)) is False


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ("050b 1920 2920 7501 9501 8102", HookField(0, 0)),  # a range of one
        ("050b 1901 29ff 7501 95ff 8102", HookField(0, 31)),
        ("0509 0b20000b00 7501 9501 8102", HookField(0, 0)),  # a usage with its page
        ("050b a4 0509 b4 0920 7501 9501 8102", HookField(0, 0)),  # push, another page, pop
        ("050b 0920 7501 9501 8106", None),  # relative: a button, no switch
        ("050b 0920 7508 9501 8100", None),  # an array
        ("050b 0920 7501 9501 9102", None),  # output: a lamp
        ("050c 0920 7501 9501 8102", None),  # another page
        ("fe 0310 010203 050b 0920 7501 9501 8102", HookField(0, 0)),  # a long item before
        ("", None),
    ],
)
def test_descriptors_as_devices_have_them(data: str, field: HookField | None) -> None:
    assert hook_field(bytes.fromhex(data)) == field


@pytest.mark.parametrize("data", [b"\x05", b"\xfe\xff", b"\x07\x01\x02", bytes(4_097)])
def test_what_is_cut_off_or_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(BadInputError, match="report descriptor cannot be read"):
        hook_field(data)
