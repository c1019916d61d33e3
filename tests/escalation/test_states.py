from pathlib import Path
from typing import get_args

import pytest

from appliance import escalation
from appliance.escalation.cues import CUES, TEXT_CUES
from appliance.escalation.states import TRANSITIONS, Happening, Output, State, mermaid

ACTIVE = {"unacknowledged", "acknowledged", "latched", "shelved"}


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


def test_the_drawing_in_the_documentation_is_the_one_of_the_table() -> None:
    text = (Path(str(escalation.__file__)).parent / "README.md").read_text("utf-8")
    drawn = text.partition("```mermaid\n")[2].partition("```")[0]
    again = 'python -c "from appliance.escalation.states import mermaid; print(mermaid())"'
    assert drawn == mermaid(), f"write the output of {again} into the README"


def test_the_documentation_tells_every_cue_with_its_meaning() -> None:
    text = (Path(str(escalation.__file__)).parent / "README.md").read_text("utf-8")
    for name, cue in CUES.items():
        assert f"| `{name}` | {cue.meaning} | {cue.channel} | {cue.low:g} to {cue.high:g} |" in text
    for name, meaning in TEXT_CUES.items():
        assert f"| `{name}` | {meaning} | call | text |" in text
