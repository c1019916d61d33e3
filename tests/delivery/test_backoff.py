from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from appliance.delivery.backoff import CAP_S, FIRST_S, SPREAD, delays, spread


def test_the_first_retry_is_quick_and_the_wait_doubles_up_to_the_cap() -> None:
    assert list(islice(delays(lambda: 1.0), 9)) == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


@given(st.lists(st.floats(0, 1), min_size=20, max_size=20))
def test_every_wait_is_between_half_and_the_whole_of_its_ceiling(chances: list[float]) -> None:
    ceilings = list(islice(delays(lambda: 1.0), 20))
    for wait, ceiling in zip(islice(delays(iter(chances).__next__), 20), ceilings, strict=True):
        assert ceiling / 2 <= wait <= ceiling
        assert FIRST_S / 2 <= wait <= CAP_S


@given(st.floats(0, 3600), st.floats(0, 1))
def test_nobody_comes_before_the_time_that_was_asked_and_all_within_half_as_long_again(asked: float, r: float) -> None:
    assert asked <= spread(asked, lambda: r) <= asked * (1 + SPREAD)


@given(st.floats(0.3, 600), st.lists(st.floats(0, 1), min_size=20, max_size=20))
def test_a_return_is_spread_over_what_the_server_asks_for_and_nobody_stays_away_longer(
    within_s: float, chances: list[float]
) -> None:
    first, *later = islice(delays(iter(chances).__next__, within_s), 20)
    assert first == within_s * chances[0]
    assert all(within_s / 2 <= wait <= max(CAP_S, within_s) for wait in later)


def test_a_server_with_few_devices_has_them_back_at_once() -> None:
    assert next(delays(lambda: 1.0, 0.1)) == FIRST_S
