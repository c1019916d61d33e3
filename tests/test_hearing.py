"""What is made of hypotheses: secrets out by what either side asked, phrases in, and what a lost recognizer leaves."""

import pytest

from appliance.escalation.rules import parse_rules
from appliance.hearing import Hearing
from appliance.speech.frames import Side
from appliance.speech.recognizer import Hypothesis

from .scripted_call import RULES, SIDES, said

OTHER = parse_rules('name = "o"\nversion = "1"\nlanguage = "en"\n[phrases.tea]\nany = ["my tea"]', "o.toml")


def heard(
    hearing: Hearing, side: Side, text: str, start_s: float = 1.0, *, utterance: int = 1, final: bool = True
) -> str:
    words = tuple(said(text, start_s))
    hypothesis = Hypothesis(utterance, final, words[-1].end_sample if words else 0, words)
    return " ".join(word.text for word in hearing.receive(side, hypothesis).words)


def found(hearing: Hearing, text: str, *, utterance: int = 1, final: bool = True) -> list[str]:
    hypothesis = Hypothesis(utterance, final, 0, tuple(said(text, 1.0)))
    return [match.phrase for match in hearing.receive("caller", hypothesis).bearing]


def test_digits_are_a_code_where_the_other_side_has_asked_for_one() -> None:
    hearing = Hearing(SIDES, RULES)
    assert "code" not in heard(hearing, "caller", "it is seven nine three")
    heard(hearing, "agent", "and the security code on the back please", 3.0)
    assert heard(hearing, "caller", "it is seven nine three", 7.0, utterance=2) == "it is [code 3 digits]"


def test_a_question_counts_only_when_it_was_asked_for_good() -> None:
    hearing = Hearing(SIDES, RULES)
    heard(hearing, "agent", "and the security code on the back please", final=False)
    assert "code" not in heard(hearing, "caller", "it is seven nine three", 4.0)


def test_a_line_with_one_side_hears_no_other() -> None:
    assert heard(Hearing(("caller",), RULES), "caller", "call my lawyer") == "call my lawyer"


def test_what_was_heard_before_a_recognizer_died_still_bears_until_the_utterance_ends() -> None:
    hearing = Hearing(SIDES, RULES)
    assert found(hearing, "call my lawyer", final=False) == ["lawyer"]
    hearing.receive_loss("caller")
    assert found(hearing, "today", final=False) == ["lawyer"]
    assert found(hearing, "today") == ["lawyer"]
    assert found(hearing, "today", utterance=2) == []


@pytest.mark.parametrize("final", [False, True])
def test_other_phrases_are_found_from_the_moment_on_at_which_they_are_given(final: bool) -> None:
    hearing = Hearing(SIDES, RULES)
    hearing.use(OTHER)
    assert found(hearing, "call my lawyer about my tea", final=final) == ["tea"]


@pytest.mark.parametrize("final", [False, True])
def test_an_agents_own_name_is_hidden_unless_it_may_be_kept(final: bool) -> None:
    introduction = "good morning my name is laura how can i help"
    assert "laura" not in heard(Hearing(SIDES, RULES), "agent", introduction, final=final)
    kept = Hearing(SIDES, RULES, hide_names_of={"caller"})
    assert "laura" in heard(kept, "agent", introduction, final=final)
    assert "laura" not in heard(kept, "caller", introduction, final=final)
