from hypothesis import given
from hypothesis import strategies as st

from appliance.delivery.pace import BURST_S, Pace


@given(per_s=st.floats(0.5, 500), pauses_s=st.lists(st.floats(0, 0.5), max_size=80))
def test_in_no_stretch_of_time_more_is_sent_than_the_limit_and_the_burst(per_s: float, pauses_s: list[float]) -> None:
    pace, now_s, sent = Pace(per_s), 0.0, list[float]()
    for pause_s in pauses_s:
        now_s += pause_s
        now_s += pace.wait_s(now_s)
        pace.spend()
        sent.append(now_s)
    for first, began_s in enumerate(sent):
        for last, ended_s in enumerate(sent[first:], 1):
            assert last <= (ended_s - began_s) * per_s + max(1.0, per_s * BURST_S) + 1e-6


def test_without_a_limit_nobody_waits() -> None:
    pace = Pace(0.0)
    for _ in range(1000):
        assert pace.wait_s(0.0) == 0.0
        pace.spend()


def test_a_slow_pace_still_lets_single_messages_go() -> None:
    pace = Pace(0.5)
    assert (pace.wait_s(0.0), pace.burst) == (0.0, 1)
    pace.spend()
    assert pace.wait_s(0.0) == 2.0
    assert pace.wait_s(2.0) == 0.0
