from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from appliance.governor import BEHIND_TICKS, LATE_S, RELIEF_TICKS, STAGE_WORDS, STAGES, WAITING_S, Governor, does

BEHIND = st.sampled_from([(2 * LATE_S, 0.0), (0.0, 2 * WAITING_S), (2 * LATE_S, 2 * WAITING_S)])
IN_TIME = (LATE_S, WAITING_S)
LOOKS = st.lists(st.tuples(BEHIND | st.just(IN_TIME), st.integers(1, 3 * RELIEF_TICKS)), max_size=12).map(
    lambda runs: [look for look, length in runs for _ in range(length)]
)


@given(BEHIND)
def test_a_box_that_stays_behind_leaves_out_one_thing_after_the_other_and_ends_by_refusing_calls(
    look: tuple[float, float],
) -> None:
    governor = Governor()
    stages = [governor.receive_look(*look) for _ in range(BEHIND_TICKS * 10)]
    assert tuple(dict.fromkeys(stages)) == STAGES
    assert stages.index("no_partials") == BEHIND_TICKS - 1
    assert stages[-1] == "no_new_calls"


@given(LOOKS)
def test_stages_follow_each_other_and_none_is_left_before_its_time(looks: list[tuple[float, float]]) -> None:
    governor = Governor()
    stages = ["all", *(governor.receive_look(*look) for look in looks)]
    for number, (before, after) in enumerate(pairwise(stages), 1):
        step = STAGES.index(after) - STAGES.index(before)
        assert step in {-1, 0, 1}
        if step == 1:
            assert IN_TIME not in looks[number - BEHIND_TICKS : number]
        if step == -1:
            assert set(looks[number - RELIEF_TICKS : number]) == {IN_TIME}


@given(LOOKS)
def test_a_box_that_is_in_time_for_long_enough_does_all_again(looks: list[tuple[float, float]]) -> None:
    governor = Governor()
    for look in [*looks, *[IN_TIME] * (RELIEF_TICKS * len(STAGES))]:
        governor.receive_look(*look)
    assert governor.stage == "all"


def test_one_long_pause_is_nothing() -> None:
    governor = Governor()
    assert {governor.receive_look(late_s, 0.0) for late_s in (60.0, 0.0) * 100} == {"all"}


def test_partial_words_go_first_then_stress_then_new_calls() -> None:
    left_out = [[least for least in STAGES[1:] if not does(stage, least)] for stage in STAGES]
    assert left_out == [
        [],
        ["no_partials"],
        ["no_partials", "no_prosody"],
        ["no_partials", "no_prosody", "no_new_calls"],
    ]
    assert set(STAGE_WORDS) == set(STAGES)
