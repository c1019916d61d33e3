"""One call over scripted recognizers: no process, no clock, no file."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.event_json import to_json
from appliance.events import (
    SAMPLE_RATE_HZ,
    Alert,
    AlertChanged,
    CallEnded,
    CallStarted,
    Gap,
    Notice,
    PhraseHit,
    Utterance,
    Word,
)
from appliance.session import Partial
from appliance.speech.frames import Side
from appliance.speech.recognizer import Hypothesis

from .scripted_call import SIDES, STARTED, THREAT, Talk, at, said


def test_a_call_opens_with_its_start_and_its_notices_and_closes_with_its_end() -> None:
    notice = Notice(who="both", start_sample=0, end_sample=0, code="second_choice", text="Another model listens.")
    talk = Talk({}, [notice]).run_until(1.0).hang_up()
    assert talk.events == [
        STARTED,
        notice,
        CallEnded(who="both", start_sample=at(1), end_sample=at(1), reason="on_hook"),
    ]


def test_what_each_side_said_is_an_utterance_with_its_own_number_and_time() -> None:
    talk = Talk({"agent": said("good morning sir", 1), "caller": said("hello", 3) + said("it is me", 5)})
    utterances = talk.run_until(8).hang_up().of(Utterance)
    assert [(one.who, one.number, one.text) for one in utterances if isinstance(one, Utterance)] == [
        ("agent", 1, "good morning sir"),
        ("caller", 1, "hello"),
        ("caller", 2, "it is me"),
    ]
    spans = [(one.start_sample, one.end_sample) for one in utterances if isinstance(one, Utterance)]
    assert spans == [(at(1), at(1.9)), (at(3), at(3.3)), (at(5), at(5.9))]


def test_partial_words_come_while_somebody_speaks_and_grow() -> None:
    talk = Talk(THREAT).run_until(2.5)
    texts = [one.text for one in talk.of(Partial) if isinstance(one, Partial)]
    assert len(texts) >= 3
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(texts))
    assert not talk.of(Utterance)


def test_a_phrase_on_partial_words_raises_at_once_and_the_final_words_confirm_it() -> None:
    talk = Talk(THREAT).run_until(2.9)
    (alert,) = talk.of(Alert)
    assert isinstance(alert, Alert)
    assert alert.tentative
    assert (alert.rule, alert.level, alert.who, alert.suggest) == ("legal", "urgent", "caller", "Listen.")
    assert [(item.phrase, item.text) for item in alert.evidence] == [("lawyer", "my lawyer")]
    assert (talk.session.showing.level, talk.session.showing.blinking) == ("urgent", True)
    talk.run_until(5)
    tail = talk.outputs[talk.outputs.index(alert) + 1 :]
    kept = [output for output in tail if isinstance(output, Utterance | PhraseHit | AlertChanged)]
    assert [type(event) for event in kept] == [Utterance, PhraseHit, AlertChanged]
    assert isinstance(kept[2], AlertChanged)
    assert (kept[2].alert, kept[2].change) == (alert.alert, "confirmed")


def test_when_the_final_words_differ_the_alert_is_withdrawn_and_the_light_goes_back() -> None:
    talk = Talk(THREAT)
    talk.run_until(2.9)
    talk.take(talk.session.receive_hypothesis("caller", Hypothesis(1, True, at(2.9), tuple(said("my liar", 1)))))
    assert [one.change for one in talk.of(AlertChanged) if isinstance(one, AlertChanged)] == ["withdrawn"]
    assert talk.session.showing.level == "normal"
    assert not talk.of(PhraseHit)


def test_what_the_agent_says_raises_nothing_that_is_about_the_caller() -> None:
    talk = Talk({"agent": THREAT["caller"]}).run_until(5).hang_up()
    assert not talk.of(Alert)
    assert len(talk.of(Utterance)) == 1


def test_an_acknowledged_alert_stops_blinking_and_stands() -> None:
    talk = Talk(THREAT).run_until(5)
    talk.take(talk.session.acknowledge(1))
    assert (talk.session.showing.level, talk.session.showing.blinking) == ("urgent", False)
    talk.take(talk.session.acknowledge(1))
    talk.take(talk.session.acknowledge(7))
    changes = [one.change for one in talk.of(AlertChanged) if isinstance(one, AlertChanged)]
    assert changes == ["confirmed", "acknowledged"]


def test_a_card_number_is_in_no_output_at_all() -> None:
    digits = "four one one one two two two two three three three three five five five five"
    talk = Talk({"caller": said(f"it is {digits} thanks", 1)}).run_until(9).hang_up()
    (utterance,) = talk.of(Utterance)
    assert isinstance(utterance, Utterance)
    assert utterance.text == "it is [16 digits] thanks"
    texts = [one.text for one in talk.outputs if isinstance(one, Partial | Utterance)]
    assert not any(digit in text.split() for text in texts for digit in ("two", "three", "five"))


def test_speech_of_which_no_words_are_known_withdraws_its_partial_and_is_no_utterance() -> None:
    talk = Talk(THREAT).run_until(1.9)
    talk.take(talk.session.receive_hypothesis("caller", Hypothesis(1, True, at(1.9), ())))
    last = talk.outputs[-1]
    assert isinstance(last, Partial)
    assert (last.side, last.utterance, last.text) == ("caller", 1, "")
    assert not talk.of(Utterance)


@pytest.mark.parametrize("final", [False, True])
def test_an_answer_to_no_known_utterance_is_passed_over(final: bool) -> None:
    talk = Talk({})
    words = tuple(said("my lawyer", 1))
    assert talk.session.receive_hypothesis("caller", Hypothesis(5, final, at(2), words)) == []


def test_a_recognizer_that_dies_in_mid_utterance_leaves_a_gap_and_the_rest_is_heard() -> None:
    talk = Talk({"caller": said("we waited all day and nobody came at all to my house", 1)})
    talk.run_until(2.5)
    talk.lose("caller")
    talk.run_until(8).hang_up()
    (gap,) = talk.of(Gap)
    (utterance,) = talk.of(Utterance)
    assert isinstance(gap, Gap)
    assert isinstance(utterance, Utterance)
    assert (gap.who, gap.reason, gap.start_sample) == ("caller", "recognizer_lost", at(1))
    assert gap.end_sample == utterance.start_sample
    assert utterance.text.endswith("at all to my house")
    assert utterance.number == 1
    assert talk.session.is_settled


def test_an_alert_heard_before_the_recognizer_died_is_not_taken_back_by_words_that_came_after() -> None:
    talk = Talk(THREAT).run_until(2.9)
    assert [alert.tentative for alert in talk.of(Alert) if isinstance(alert, Alert)] == [True]
    talk.lose("caller")
    talk.run_until(5)
    assert [change.change for change in talk.of(AlertChanged) if isinstance(change, AlertChanged)] == ["confirmed"]
    assert talk.session.showing.level == "urgent"


def test_a_recognizer_that_dies_while_nobody_speaks_leaves_no_gap() -> None:
    talk = Talk(THREAT).run_until(5)
    talk.lose("caller")
    assert not talk.of(Gap)


def test_audio_that_was_dropped_is_a_gap() -> None:
    (gap,) = Talk({}).session.receive_overload("agent", at(1), at(2))
    assert gap == Gap(who="agent", start_sample=at(1), end_sample=at(2), reason="recognizer_behind")


TURNS = st.lists(
    st.tuples(
        st.sampled_from(SIDES),
        st.floats(0, 3),
        st.sampled_from(
            ["yes", "call my lawyer now", "one two three four five six", "i have been waiting for so long"]
        ),
    ),
    max_size=6,
)

LOSSES = st.lists(st.tuples(st.floats(0, 20), st.sampled_from(SIDES)), max_size=4).map(sorted)


def script_of(turns: Sequence[tuple[Side, float, str]]) -> dict[Side, list[Word]]:
    script: dict[Side, list[Word]] = {"agent": [], "caller": []}
    clock: dict[Side, float] = dict.fromkeys(SIDES, 0.5)
    for side, pause_s, text in turns:
        words = said(text, clock[side] + pause_s)
        script[side] += words
        clock[side] = words[-1].end_sample / SAMPLE_RATE_HZ
    return script


def held(turns: Sequence[tuple[Side, float, str]], losses: Sequence[tuple[float, Side]]) -> Talk:
    """Hold a whole call with recognizers that die at these times."""
    script = script_of(turns)
    end_s = max([word.end_sample / SAMPLE_RATE_HZ for words in script.values() for word in words], default=1.0)
    talk = Talk(script)
    for when_s, side in losses:
        talk.run_until(min(when_s, end_s))
        talk.lose(side)
    return talk.run_until(end_s).hang_up()


@settings(max_examples=40)
@given(TURNS, LOSSES)
def test_at_the_end_everything_is_settled_whatever_died_on_the_way(
    turns: list[tuple[Side, float, str]], losses: list[tuple[float, Side]]
) -> None:
    talk = held(turns, losses)
    assert talk.session.is_settled
    assert talk.session.showing.level == "normal"
    assert isinstance(talk.events[0], CallStarted)
    assert [event for event in talk.events if isinstance(event, CallEnded)] == [talk.events[-1]]
    raised = [event.alert for event in talk.events if isinstance(event, Alert)]
    over = [
        event.alert
        for event in talk.events
        if isinstance(event, AlertChanged) and event.change in {"withdrawn", "cleared"}
    ]
    assert sorted(over) == raised == list(range(1, len(raised) + 1))


@settings(max_examples=40)
@given(TURNS, LOSSES)
def test_whoever_spoke_was_heard_or_the_hole_is_declared(
    turns: list[tuple[Side, float, str]], losses: list[tuple[float, Side]]
) -> None:
    talk = held(turns, losses)
    script = script_of(turns)
    for side in SIDES:
        spans = [
            (event.start_sample, event.end_sample)
            for event in talk.events
            if isinstance(event, Utterance | Gap) and event.who == side
        ]
        for word in script[side]:
            assert any(start < word.end_sample and word.start_sample < end for start, end in spans), word


@settings(max_examples=15)
@given(TURNS, LOSSES)
def test_the_same_call_gives_the_same_bytes(
    turns: list[tuple[Side, float, str]], losses: list[tuple[float, Side]]
) -> None:
    once, again = held(turns, losses), held(turns, losses)
    assert [to_json(event) for event in once.events] == [to_json(event) for event in again.events]
    assert once.of(Partial) == again.of(Partial)


def test_where_a_phrase_has_begun_the_light_is_sooner_than_the_words() -> None:
    """The scripted recognizer tells a word when it has ended, and to whoever looks ahead when it has begun."""
    talk = Talk(THREAT).run_until(4).hang_up()
    (alert,) = talk.of(Alert)
    assert isinstance(alert, Alert)
    assert alert.tentative
    lawyer = next(word for word in THREAT["caller"] if word.text == "lawyer")
    assert lawyer.start_sample < alert.end_sample <= lawyer.end_sample
    (changed,) = [one for one in talk.of(AlertChanged) if isinstance(one, AlertChanged) and one.change == "confirmed"]
    assert changed.alert == alert.alert
    read = [one.text for one in talk.of(Partial) if isinstance(one, Partial)]
    assert all(after.startswith(before) for before, after in itertools.pairwise(read))
