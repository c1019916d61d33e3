import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.update.ring import is_in_ring

DEVICES = [f"berlin-{desk}" for desk in range(5000)]


@pytest.mark.parametrize("percent", [1, 10, 50])
def test_a_ring_holds_about_as_many_boxes_as_it_says(percent: int) -> None:
    for number in (1, 2, 2**40):
        share = 100 * sum(is_in_ring(device, number, percent) for device in DEVICES) / len(DEVICES)
        assert share == pytest.approx(percent, rel=0.35)


@given(st.text(), st.integers(1, 2**53), st.floats(0, 100), st.floats(0, 100))
def test_who_is_in_a_ring_is_in_every_wider_one(device: str, number: int, one: float, other: float) -> None:
    narrow, wide = sorted((one, other))
    assert is_in_ring(device, number, wide) >= is_in_ring(device, number, narrow)
    assert is_in_ring(device, number, 100)
    assert not is_in_ring(device, number, 0)


def test_not_the_same_boxes_go_first_each_time() -> None:
    first = {device for device in DEVICES if is_in_ring(device, 1, 10)}
    second = {device for device in DEVICES if is_in_ring(device, 2, 10)}
    assert len(first & second) < len(first) / 2
