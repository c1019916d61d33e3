"""What became of the events is counted rightly, and told."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.traffic.tally import Delays, Return, Tally, as_text, compared, delays, returned

NUMBERS = st.lists(st.integers(1, 1000), unique=True, min_size=2).map(sorted)


@given(NUMBERS)
def test_a_store_that_holds_all_in_order_lacks_nothing(sent: list[int]) -> None:
    assert compared(sent, sent) == (0, 0, 0)


@given(NUMBERS, st.data())
def test_each_kind_of_fault_is_told_from_the_others(sent: list[int], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(sent) - 2))
    assert compared(sent, sent[:place] + sent[place + 1 :]) == (1, 0, 0)
    assert compared(sent, [*sent[: place + 1], *sent[place:]]) == (0, 1, 0)
    swapped = [*sent[:place], sent[place + 1], sent[place], *sent[place + 2 :]]
    assert compared(sent, swapped) == (0, 0, 1)


def test_delays_are_told_by_their_shares() -> None:
    assert delays([n / 1000 for n in range(1, 101)]) == Delays(100, 51.0, 96.0, 100.0, 100.0)
    assert delays([]).p95_ms is None


def test_a_return_tells_its_last_and_its_busiest_second() -> None:
    assert returned([0.2, 1.1, 1.9, 4.25], 30.0) == Return(4, 4.25, 30.0, 2)


def test_every_fault_shows_in_the_verdict() -> None:
    good = Tally(shape="outage", speed=1.0, devices=2, returned=[Return(2, 5.0, 30.0, 2)])
    assert good.holds
    late, few = Return(2, 31.0, 30.0, 2), Return(1, 5.0, 30.0, 1)
    for fault in (
        {"unwelcome": 1},
        {"waiting": 1},
        {"lost": 1},
        {"doubled": 1},
        {"reordered": 1},
        {"returned": [late]},
        {"returned": [few]},
    ):
        bad = Tally(shape="outage", speed=1.0, devices=2, **fault)
        assert not bad.holds
        assert as_text(bad).splitlines()[-1].startswith("NOT AS IT MUST BE")
