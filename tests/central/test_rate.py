"""How often a stranger may try."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.central.rate import MAX_KEYS, RateLimit


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 5))
def test_never_more_tries_than_allowed_in_any_window(gaps: list[float], tries: int) -> None:
    limit, now_s, allowed = RateLimit(tries, 10.0), 0.0, list[float]()
    for gap_s in gaps:
        now_s += gap_s
        wait_s = limit.wait_s("a", now_s)
        if wait_s:
            assert wait_s <= 10
        else:
            allowed.append(now_s)
        assert sum(now_s - 10 < at_s for at_s in allowed) <= tries


def test_one_stranger_does_not_count_against_another_and_many_are_forgotten() -> None:
    limit = RateLimit(1, 10.0)
    assert limit.wait_s("a", 0.0) == 0
    assert limit.wait_s("b", 0.0) == 0
    assert limit.wait_s("a", 1.0) == 9
    for number in range(MAX_KEYS):
        limit.wait_s(f"{number}", 1.0)
    assert limit.wait_s("a", 2.0) == 0
