from typing import get_args

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


def test_every_alert_can_be_ended_by_the_end_of_the_call_or_by_its_own_words() -> None:
    for state in ACTIVE:
        assert TRANSITIONS[state, "call_ended"] == ("normal", ("cleared",))  # type: ignore[index] # names of states
        assert TRANSITIONS[state, "taken_back"] == ("normal", ("withdrawn",))  # type: ignore[index] # names of states


def test_the_drawing_has_one_arrow_for_each_transition() -> None:
    lines = mermaid().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> normal"]
    assert len(lines) == len(TRANSITIONS) + 2
    assert "    pending --> unacknowledged : held / raised" in lines
    assert "    latched --> normal : acknowledged / acknowledged, cleared" in lines
