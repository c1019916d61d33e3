import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.event_json import from_json, to_builtins, to_json
from appliance.events import (
    SAMPLE_RATE_HZ,
    Alert,
    AlertChanged,
    BandMeasured,
    CallContext,
    CallEnded,
    CallStarted,
    Event,
    Evidence,
    Gap,
    Hold,
    KeyPressed,
    Muted,
    Notice,
    Paused,
    PhraseHit,
    StressMeasured,
    TalkMeasured,
    Utterance,
    Word,
    seconds,
)

SAMPLES = st.integers(0, 10 * 3600 * SAMPLE_RATE_HZ)
TEXTS = st.text(max_size=30)
COUNTS = st.integers(1, 10_000)


def event_type(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Build events of one type; what is not given follows from its annotations."""
    return st.builds(kind, start_sample=SAMPLES, end_sample=SAMPLES, **fields)


WORDS = st.builds(Word, TEXTS, SAMPLES, SAMPLES, confidence=st.none() | st.floats(0, 1), estimated=st.booleans())
NUMBERS = st.floats(-1, 3600)
EVIDENCE = st.builds(
    Evidence,
    st.sampled_from(["agent", "caller"]),
    TEXTS,
    TEXTS,
    SAMPLES,
    SAMPLES,
    st.sampled_from(["words", "voice", "talk", "call"]),
    st.none() | NUMBERS,
    st.none() | NUMBERS,
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    event_type(CallStarted, line=TEXTS, language=TEXTS, engine=TEXTS, model=TEXTS, rules=TEXTS),
    event_type(BandMeasured, model=TEXTS),
    event_type(Utterance, number=COUNTS, text=TEXTS, words=st.lists(WORDS, max_size=4).map(tuple)),
    event_type(PhraseHit, phrase=TEXTS, text=TEXTS, utterance=COUNTS),
    event_type(StressMeasured, score=st.none() | st.floats(0, 1), confidence=st.floats(0, 1)),
    event_type(
        TalkMeasured,
        speech_s=NUMBERS,
        talk_share=st.none() | st.floats(0, 1),
        overtalk_s=NUMBERS,
        longest_silence_s=NUMBERS,
        words_per_min=st.none() | NUMBERS,
    ),
    event_type(CallContext, tier=TEXTS, queued_s=st.none() | NUMBERS),
    event_type(Alert, alert=COUNTS, rule=TEXTS, evidence=st.lists(EVIDENCE, max_size=3).map(tuple), suggest=TEXTS),
    event_type(AlertChanged, alert=COUNTS, rule=TEXTS),
    event_type(Gap),
    event_type(Muted),
    event_type(Paused),
    event_type(Hold),
    event_type(KeyPressed, key=st.sampled_from(["", *"0123456789*#ABCD"])),
    event_type(Notice, code=TEXTS, text=TEXTS),
    event_type(CallEnded),
)


@given(EVENTS)
def test_an_event_comes_back_from_its_json_as_it_was(event: Event) -> None:
    assert from_json(to_json(event)) == event


@given(EVENTS)
def test_an_event_is_one_line_that_any_json_reader_reads_and_begins_with_what_people_look_for(event: Event) -> None:
    line = to_json(event)
    assert b"\n" not in line
    fields = json.loads(line)
    assert list(fields)[:4] == ["type", "who", "start_s", "end_s"]
    assert fields["start_s"] == pytest.approx(event.start_sample / SAMPLE_RATE_HZ, abs=1e-4)
    assert fields == json.loads(json.dumps(to_builtins(event)))


@given(EVENTS)
def test_the_same_event_gives_the_same_bytes(event: Event) -> None:
    assert to_json(event) == to_json(from_json(to_json(event)))


def test_every_event_of_the_system_is_tried_here() -> None:
    told = {CallStarted, BandMeasured, CallContext, Gap, Hold, Muted, Paused, KeyPressed, Notice, CallEnded}
    found = {Utterance, PhraseHit, StressMeasured, TalkMeasured, Alert, AlertChanged}
    assert set(get_args(Event)) == told | found


def test_words_and_evidence_have_their_times_in_seconds_too() -> None:
    said = Utterance(
        who="caller", start_sample=16_000, end_sample=48_000, number=1, text="hi", words=(Word("hi", 16_000, 24_000),)
    )
    assert to_builtins(said)["words"] == [
        {"start_s": 1.0, "end_s": 1.5, "text": "hi", "start_sample": 16_000, "end_sample": 24_000}
    ]


def test_what_an_engine_does_not_say_is_absent_and_not_null() -> None:
    assert set(msgspec.to_builtins(Word("hi", 0, 1))) == {"text", "start_sample", "end_sample"}
    assert set(msgspec.to_builtins(Word("hi", 0, 1, 0.5, estimated=True))) > {"confidence", "estimated"}


def test_fields_of_a_newer_version_are_ignored() -> None:
    line = to_json(CallEnded(who="both", start_sample=1, end_sample=1, reason="on_hook"))
    newer = json.dumps(json.loads(line) | {"mood": "fine"})
    assert from_json(newer) == from_json(line)


@pytest.mark.parametrize(
    "line",
    [
        '{"type":"weather","who":"both","start_sample":0,"end_sample":0}',
        '{"type":"call_ended","who":"both","start_sample":"0","end_sample":0,"reason":"on_hook"}',
        '{"type":"call_ended","who":"robot","start_sample":0,"end_sample":0,"reason":"on_hook"}',
        '{"type":"call_ended","who":"both","start_sample":0,"end_sample":0}',
        '{"who":"both"}',
        "[]",
    ],
)
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        from_json(line)


def test_seconds_are_exact_to_the_tenth_of_a_millisecond() -> None:
    assert [seconds(sample) for sample in (0, 1, 320, 16_000, 3600 * 16_000 + 8)] == [0.0, 0.0001, 0.02, 1.0, 3600.0005]
