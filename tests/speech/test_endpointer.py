from itertools import groupby
from typing import NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from appliance.speech.endpointer import Endpointer, EndpointerSettings, Speech, SpeechEnded
from appliance.speech.frames import FRAME_MS, FRAME_SAMPLES

from .sounds import frames, voicing

USUAL = EndpointerSettings()

# Short limits, so that short examples reach them.
HASTY = EndpointerSettings(long_utterance_ms=400, longest_utterance_ms=1000)

ONSET = USUAL.onset_voiced_ms // FRAME_MS
PRE_ROLL = USUAL.pre_roll_ms // FRAME_MS
TAIL = USUAL.tail_ms // FRAME_MS
HANGOVER = USUAL.hangover_ms // FRAME_MS


class Heard(NamedTuple):
    """One utterance in frames: `[first, end)` of its voice, and the audio that was given out for it."""

    first: int
    end: int
    pieces: list[Speech]
    decided: int
    """The frame at which its end was decided."""

    @property
    def audio_first(self) -> int:
        return self.pieces[0].sample // FRAME_SAMPLES

    @property
    def pcm(self) -> bytes:
        return b"".join(piece.pcm for piece in self.pieces)


def listen(voiced: list[bool], settings: EndpointerSettings = USUAL) -> list[Heard]:
    """Run a whole call of one side."""
    endpointer = Endpointer(settings)
    heard: list[Heard] = []
    pieces: list[Speech] = []

    def take(changes: list[Speech | SpeechEnded], now: int) -> None:
        for change in changes:
            if isinstance(change, Speech):
                pieces.append(change)
                continue
            assert change.end_sample == endpointer.end_sample
            first, end = endpointer.start_sample // FRAME_SAMPLES, change.end_sample // FRAME_SAMPLES
            heard.append(Heard(first, end, pieces.copy(), now))
            pieces.clear()
            assert endpointer.utterances == len(heard)

    for number, one in enumerate(frames(voiced)):
        take(endpointer.receive_frame(one, voiced=voiced[number]), number)
    take(endpointer.receive_end(), len(voiced))
    assert not endpointer.speaking
    assert not pieces
    return heard


CALLS = st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=20).map(
    lambda runs: [voiced for voiced, length in runs for _ in range(length)]
)
SETTINGS = st.sampled_from([USUAL, HASTY, HASTY._replace(tail_ms=0, pre_roll_ms=0), USUAL._replace(hangover_ms=640)])


@given(CALLS, SETTINGS)
def test_utterances_follow_each_other_and_begin_and_end_with_voice(
    voiced: list[bool], settings: EndpointerSettings
) -> None:
    before = 0
    for one in listen(voiced, settings):
        assert before <= one.first < one.end <= len(voiced)
        assert voiced[one.first]
        assert voiced[one.end - 1]
        assert sum(voiced[one.first : one.first + settings.onset_window_ms // FRAME_MS]) >= ONSET
        before = one.end


@given(CALLS, SETTINGS)
def test_voice_outside_utterances_is_never_as_long_as_an_onset(
    voiced: list[bool], settings: EndpointerSettings
) -> None:
    outside = list(voiced)
    for one in listen(voiced, settings):
        outside[one.first : one.end] = [False] * (one.end - one.first)
    assert all(len(list(run)) < ONSET for is_voice, run in groupby(outside) if is_voice)


@given(CALLS, SETTINGS)
def test_the_audio_of_an_utterance_is_the_line_s_own_without_a_hole(
    voiced: list[bool], settings: EndpointerSettings
) -> None:
    line = b"".join(one.pcm for one in frames(voiced))
    for one in listen(voiced, settings):
        at = one.pieces[0].sample
        for piece in one.pieces:
            assert piece.sample == at
            at += len(piece.pcm) // 2
        assert one.pcm == line[2 * one.pieces[0].sample : 2 * at]
        assert at >= one.end * FRAME_SAMPLES


@given(CALLS, SETTINGS)
def test_the_audio_begins_with_the_pre_roll_and_ends_with_the_tail(
    voiced: list[bool], settings: EndpointerSettings
) -> None:
    free_from = 0
    for one in listen(voiced, settings):
        assert one.audio_first == max(free_from, one.first - settings.pre_roll_ms // FRAME_MS)
        after = one.audio_first + len(one.pcm) // FRAME_SAMPLES // 2 - one.end
        assert after == max(0, min(settings.tail_ms // FRAME_MS, one.decided - one.end))
        free_from = one.end


@given(CALLS, SETTINGS)
@example(voicing(10, 49, 3, 30, 60), HASTY)
def test_no_utterance_is_longer_than_the_limit(voiced: list[bool], settings: EndpointerSettings) -> None:
    assert all((one.end - one.first) * FRAME_MS <= settings.longest_utterance_ms for one in listen(voiced, settings))


@given(CALLS, SETTINGS)
def test_the_end_is_decided_within_the_hangover(voiced: list[bool], settings: EndpointerSettings) -> None:
    for one in listen(voiced, settings):
        assert (one.decided - one.end) * FRAME_MS <= settings.hangover_ms


def test_a_click_is_no_utterance() -> None:
    assert listen(voicing(20, ONSET - 1, 50)) == []


def test_clicks_that_come_seldom_are_no_utterance() -> None:
    assert listen(voicing(20, *([1, 2] * 20))) == []


def test_voice_with_holes_begins_an_utterance_with_its_first_frame() -> None:
    (one,) = listen(voicing(20, 2, 1, 1, 1, 20, 50))
    assert (one.first, one.end) == (20, 45)


def test_speech_at_the_very_beginning_of_a_call_is_heard_from_its_first_frame() -> None:
    (one,) = listen(voicing(0, 20, 50))
    assert (one.first, one.audio_first) == (0, 0)


def test_a_breath_does_not_end_a_sentence_but_a_pause_does() -> None:
    assert len(listen(voicing(20, 30, HANGOVER - 1, 30, 50))) == 1
    assert len(listen(voicing(20, 30, HANGOVER, 30, 50))) == 2


def test_silence_beyond_the_tail_is_held_back_until_speech_resumes() -> None:
    endpointer = Endpointer(USUAL)
    pause = TAIL + 5
    given_out: list[list[Speech | SpeechEnded]] = []
    call = voicing(20, 30, pause, 1)
    for one, voiced in zip(frames(call), call, strict=True):
        given_out.append(endpointer.receive_frame(one, voiced=voiced))
    silence = given_out[50 : 50 + pause]
    assert all(len(changes) == 1 for changes in silence[:TAIL])
    assert all(not changes for changes in silence[TAIL:])
    (resumed,) = given_out[-1]
    assert isinstance(resumed, Speech)
    assert resumed.sample == (50 + TAIL) * FRAME_SAMPLES
    assert len(resumed.pcm) == (5 + 1) * FRAME_SAMPLES * 2


def test_the_longer_an_utterance_the_shorter_the_pause_that_ends_it() -> None:
    longest_pauses = []
    for seconds in (1, 9, 12, 15, 18):
        run = seconds * 1000 // FRAME_MS
        kept = [pause for pause in range(1, HANGOVER + 1) if len(listen(voicing(0, run, pause, 10))) == 1]
        longest_pauses.append(max(kept))
    assert longest_pauses[0] == longest_pauses[1] == HANGOVER - 1
    assert longest_pauses[1:] == sorted(set(longest_pauses), reverse=True)
    assert longest_pauses[-1] >= USUAL.shortest_hangover_ms // FRAME_MS


def test_speech_without_any_pause_is_cut_at_the_limit_and_goes_on_at_once() -> None:
    limit = USUAL.longest_utterance_ms // FRAME_MS
    first, second = listen(voicing(10, limit + 100, 50))
    assert (first.first, first.end) == (10, 10 + limit)
    assert (second.first, second.end) == (10 + limit, 10 + limit + 100)


def test_the_end_of_the_call_ends_the_utterance() -> None:
    (one,) = listen(voicing(10, 30, 3))
    assert (one.first, one.end, one.decided) == (10, 40, 43)
    assert Endpointer(USUAL).receive_end() == []
