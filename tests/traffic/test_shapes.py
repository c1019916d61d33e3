"""The shapes of a day hold for every chance."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.traffic.shapes import LONGEST_CALL_S, SHAPES, SHORTEST_CALL_S, calls_of_a_box, calls_per_h, is_away


@given(st.sampled_from(sorted(SHAPES)), st.integers())
def test_calls_follow_one_another_and_end_within_the_shape(name: str, seed: int) -> None:
    shape = SHAPES[name]
    calls = list(calls_of_a_box(shape, random.Random(seed).random))
    assert all(earlier.begins_s + earlier.lasts_s <= later.begins_s for earlier, later in pairwise(calls))
    assert all(SHORTEST_CALL_S <= call.lasts_s <= LONGEST_CALL_S for call in calls)
    assert all(call.begins_s + call.lasts_s <= shape.length_s for call in calls)


def test_lunch_is_quieter_than_the_two_peaks_around_it() -> None:
    begun_h = [
        int(call.begins_s // 1800) / 2
        for seed in range(300)
        for call in calls_of_a_box(SHAPES["office-day"], random.Random(seed).random)
    ]
    assert begun_h.count(4.5) < 0.7 * min(begun_h.count(2.5), begun_h.count(7.0))
    assert begun_h.count(4.5) > 0


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_shape_is_whole(name: str) -> None:
    shape = SHAPES[name]
    moments = [at_s for at_s, _ in shape.calls_per_h]
    assert moments == sorted(moments)
    assert moments[-1] < shape.length_s
    assert shape.arrive_within_s < shape.length_s
    assert all(0 < begins_s < ends_s < shape.length_s for begins_s, ends_s in shape.away)


def test_the_rate_changes_evenly_and_is_none_outside() -> None:
    shape = SHAPES["shift-start"]
    assert [calls_per_h(shape, at_s) for at_s in (-1, 0, 30, 60, 869.9, 900)] == [0, 0, 60, 120, pytest.approx(0.1), 0]


def test_an_outage_takes_all_away_between_its_two_moments() -> None:
    shape = SHAPES["outage"]
    assert [is_away(shape, at_s) for at_s in (299.9, 300, 479.9, 480)] == [False, True, True, False]
