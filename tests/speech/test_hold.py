from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.events import SAMPLE_RATE_HZ, Word
from appliance.speech.frames import FRAME_SAMPLES, samples
from appliance.speech.hold import CONFIRM_MS, Held, HoldGate, Passed
from appliance.speech.pitch import Values
from appliance.speech.recognizer import Hypothesis

from .tunes import TUNES
from .voices import frames, side_of

TUNE_S = 10


@cache
def speech() -> Values:
    """Give a sentence and the pause before it."""
    return side_of("delivery_ok.wav", "caller")[7 * SAMPLE_RATE_HZ : 13 * SAMPLE_RATE_HZ]


def spoken() -> set[int]:
    """Give the positions of the sentence's frames from the first loud one to the last, where it follows a tune."""
    loud = np.flatnonzero(np.abs(speech()) > 300) + TUNE_S * SAMPLE_RATE_HZ
    return set(range(int(loud[0]) // FRAME_SAMPLES * FRAME_SAMPLES, int(loud[-1]), FRAME_SAMPLES))


def run(audio: Values) -> tuple[list[int], list[Held]]:
    """Give the positions that were let through, in their order, and what was told."""
    gate, passed = HoldGate(), list[Passed]()
    for frame in frames(audio):
        passed.append(gate.receive_frame(frame, voiced=True))
    passed.append(gate.receive_end())
    heard = [frame.sample for some in passed for frame, _ in some.frames]
    return heard, [some.held for some in passed if some.held]


def test_music_is_told_when_it_is_certain_and_again_when_it_is_over() -> None:
    heard, told = run(np.concatenate((TUNES["piano"](TUNE_S), speech())))
    assert [held.is_over for held in told] == [False, True]
    begun, over = told
    assert begun.start_sample == over.start_sample < samples(500)
    assert begun.end_sample - begun.start_sample < samples(3_200)
    assert abs(over.end_sample - TUNE_S * SAMPLE_RATE_HZ) < samples(1_000)
    assert not [at for at in heard if samples(4_000) < at < samples(9_000)]


def test_what_is_said_after_music_is_heard_from_its_beginning() -> None:
    heard, _ = run(np.concatenate((TUNES["piano"](TUNE_S), speech())))
    assert spoken() <= set(heard)


def test_what_is_said_over_quieter_music_is_heard_from_its_beginning() -> None:
    audio = TUNES["strings"](TUNE_S + 6)
    audio[TUNE_S * SAMPLE_RATE_HZ :] *= 0.4
    audio[TUNE_S * SAMPLE_RATE_HZ :] += speech() * 1_500 / np.sqrt(np.mean(np.square(speech())))
    heard, _ = run(audio)
    assert spoken() <= set(heard)


def test_music_that_ends_before_it_is_certain_is_let_through_late_and_whole() -> None:
    late = 1.5 + CONFIRM_MS / 2_000
    heard, told = run(np.concatenate((TUNES["pop with drums"](late), np.zeros(2 * SAMPLE_RATE_HZ))))
    assert heard == list(range(0, heard[-1] + 1, FRAME_SAMPLES))
    assert told == []


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["tune", "speech", "hole"]), st.integers(1, 300)), max_size=6))
def test_frames_come_once_and_in_order_and_what_is_missing_was_told(parts: list[tuple[str, int]]) -> None:
    gate, passed, at = HoldGate(), list[Passed](), 0
    tune = frames(TUNES["piano"](6.0))
    voice = frames(speech())
    given_in: list[int] = []
    for kind, length in parts:
        for source in (tune if kind == "tune" else voice)[: 0 if kind == "hole" else length]:
            passed.append(gate.receive_frame(source._replace(sample=at), voiced=True))
            given_in.append(at)
            at += FRAME_SAMPLES
        if kind == "hole":
            passed.append(gate.receive_hole())
            at += samples(length)
    passed.append(gate.receive_end())
    heard = [frame.sample for some in passed for frame, _ in some.frames]
    assert heard == sorted(set(heard))
    told = [some.held for some in passed if some.held]
    assert [held.is_over for held in told] == [False, True] * (len(told) // 2)
    for missing in set(given_in) - set(heard):
        assert any(held.start_sample <= missing < held.end_sample for held in told if held.is_over)


def test_words_that_were_heard_in_music_are_left_out_and_those_before_it_are_kept() -> None:
    gate = HoldGate()
    told = [held for frame in frames(TUNES["piano"](6.0)) if (held := gate.receive_frame(frame, voiced=True).held)]
    before = Word("hold", told[0].start_sample - 10, told[0].start_sample + 100)
    words = (before, Word("note", told[0].start_sample, told[0].end_sample))
    assert gate.without_music(Hypothesis(1, final=True, until_sample=9, words=words)).words == (before,)
    assert gate.without_music(Hypothesis(1, final=False, until_sample=9, words=None)).words is None
