from hypothesis import given
from hypothesis import strategies as st

from appliance.indicator.night import MINUTES_OF_DAY, Dimming

MINUTES = st.integers(0, MINUTES_OF_DAY - 1)


def test_a_night_reaches_over_midnight() -> None:
    dimming = Dimming(day=1.0, night=0.2, begins_min=22 * 60, ends_min=6 * 60)
    assert [dimming.factor(hour * 60) for hour in (21, 22, 0, 5, 6, 12)] == [1.0, 0.2, 0.2, 0.2, 1.0, 1.0]
    assert dimming.factor(6 * 60 - 1) == 0.2


@given(MINUTES)
def test_without_a_night_it_is_always_day(minute: int) -> None:
    assert Dimming(day=0.7, night=0.1).factor(minute) == 0.7


@given(MINUTES, MINUTES)
def test_a_night_is_as_long_as_from_its_begin_to_its_end(begins: int, ends: int) -> None:
    dimming = Dimming(night=0.0, begins_min=begins, ends_min=ends)
    dark = sum(dimming.factor(minute) == 0.0 for minute in range(MINUTES_OF_DAY))
    assert dark == (ends - begins) % MINUTES_OF_DAY
