from typing import get_args

import pytest

from appliance.escalation.states import TRANSITIONS, Happening, Output, State, mermaid

ACTIVE = {"unacknowledged", "acknowledged", "latched"}


def test_every_state_can_be_reached_and_left() -> None:
    assert {state for state, _ in TRANSITIONS} == set(get_args(State))
    assert {following for following, _ in TRANSITIONS.values()} == set(get_args(State))


def test_every_happening_and_every_output_is_used() -> None:
    assert {happening for _, happening in TRANSITIONS} == set(get_args(Happening))
    assert {output for _, outputs in TRANSITIONS.values() for output in outputs} == set(get_args(Output))


def test_an_alert_is_raised_on_the_way_in_and_ends_exactly_once_on_the_way_out() -> None:
    for (state, _), (following, outputs) in TRANSITIONS.items():
        assert ("raised" in outputs) == (state not in ACTIVE and following in ACTIVE)
        ends = [output for output in outputs if output in ("cleared", "withdrawn")]
        assert len(ends) == (state in ACTIVE and following not in ACTIVE)


@pytest.mark.parametrize("state", sorted(set(get_args(State)) - {"normal"}))
def test_the_end_of_the_call_ends_everything(state: State) -> None:
    assert TRANSITIONS[state, "call_ended"] == ("normal", ("cleared",) if state in ACTIVE else ())


@pytest.mark.parametrize("state", sorted(ACTIVE))
def test_an_alert_whose_words_were_never_said_is_withdrawn_from_any_state(state: State) -> None:
    assert TRANSITIONS[state, "taken_back"] == ("normal", ("withdrawn",))


def test_the_drawing_has_one_arrow_for_each_transition() -> None:
    lines = mermaid().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> normal"]
    assert len(lines) == len(TRANSITIONS) + 2
    assert "    pending --> unacknowledged : held / raised" in lines
    assert "    latched --> normal : acknowledged / acknowledged, cleared" in lines
