from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from appliance.delivery.cells import Cells
from appliance.delivery.health import Condition, HealthMessage, Program
from appliance.delivery.messages import PartialMessage, StatusMessage
from appliance.delivery.policy import PARTIAL_INTERVAL_S
from appliance.events import Who


def partial(text: str, who: Who = "caller", utterance: int = 1, call: str = "c") -> PartialMessage:
    return PartialMessage(call=call, who=who, utterance=utterance, text=text, start_sample=0, end_sample=1)


def status(reason: str) -> StatusMessage:
    return StatusMessage(call=None, level="normal", blinking=False, reason=reason)


def health(uptime_s: float) -> HealthMessage:
    return HealthMessage(conditions=(Condition("ok", "All is well"),), program=Program(version="1"), uptime_s=uptime_s)


def test_the_newest_health_is_given_once_and_again_after_every_welcome() -> None:
    cells = Cells()
    assert cells.wait_s(0.0) is None
    cells.put_health(health(1.0))
    cells.put_health(health(2.0))
    assert cells.wait_s(0.0) == 0.0
    assert cells.take(0.0) == [health(2.0)]
    assert cells.take(1.0) == []
    cells.connect()
    assert cells.take(2.0) == [health(2.0)]


def test_the_newest_partial_of_each_side_is_given_and_only_once() -> None:
    cells = Cells()
    for each in (partial("a"), partial("b"), partial("c", "agent")):
        cells.put_partial(each)
    assert cells.take(0.0) == [partial("b"), partial("c", "agent")]
    assert cells.take(10.0) == []


def test_a_side_waits_for_its_time_and_the_other_does_not() -> None:
    cells = Cells()
    cells.put_partial(partial("a"))
    cells.take(0.0)
    cells.put_partial(partial("b"))
    cells.put_partial(partial("c", "agent"))
    assert cells.wait_s(0.05) == 0.0
    assert cells.take(0.05) == [partial("c", "agent")]
    assert cells.wait_s(0.05) == PARTIAL_INTERVAL_S - 0.05
    assert cells.take(PARTIAL_INTERVAL_S) == [partial("b")]
    assert cells.wait_s(1.0) is None


def test_a_status_is_given_on_change_and_again_after_a_new_connection() -> None:
    cells = Cells()
    cells.put_status(status("x"))
    assert cells.take(0.0) == [status("x")]
    cells.put_status(status("x"))
    assert cells.wait_s(0.0) is None
    assert cells.take(0.0) == []
    cells.connect()
    assert cells.wait_s(0.0) == 0.0
    assert cells.take(0.0) == [status("x")]


def test_a_partial_is_withdrawn_by_the_final_of_its_utterance_or_a_later_one() -> None:
    for number, call, left in ((1, "c", 1), (2, "c", 0), (3, "c", 0), (3, "other", 1)):
        cells = Cells()
        cells.put_partial(partial("a", utterance=2))
        cells.settle(call, "caller", number)
        assert len(cells.take(0.0)) == left


@given(st.lists(st.tuples(st.floats(0, 0.3), st.sampled_from(["agent", "caller"])), max_size=60))
def test_no_side_speaks_more_often_than_allowed_and_the_newest_always_comes(steps: list[tuple[float, Who]]) -> None:
    cells, now_s, said = Cells(), 0.0, list[tuple[float, PartialMessage]]()
    for number, (step_s, who) in enumerate(steps):
        now_s += step_s
        cells.put_partial(partial(str(number), who))
        said += [(now_s, each) for each in cells.take(now_s) if isinstance(each, PartialMessage)]
    while (wait_s := cells.wait_s(now_s)) is not None:
        now_s += wait_s + 1e-9
        said += [(now_s, each) for each in cells.take(now_s) if isinstance(each, PartialMessage)]
    for side in ("agent", "caller"):
        times = [at_s for at_s, each in said if each.who == side]
        assert all(later - earlier > PARTIAL_INTERVAL_S - 1e-6 for earlier, later in pairwise(times))
        newest = [str(number) for number, (_, who) in enumerate(steps) if who == side][-1:]
        assert [each.text for _, each in said if each.who == side][-1:] == newest
