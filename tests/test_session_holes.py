"""A call whose line has holes: what is declared, what ends, and what nobody may take for silence."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.escalation.cues import Reading
from appliance.events import Gap, StressMeasured, Utterance
from appliance.meters import Meters
from appliance.speech.endpointer import EndpointerSettings
from appliance.speech.frames import FRAME_SAMPLES, Frame, Lost, samples
from appliance.speech.listener import Listener, Said
from appliance.speech.recognizer import EndUtterance, Hear
from appliance.speech.talk import TalkMeter

from .scripted_call import SIDES, Talk, at, said
from .speech.sounds import frame

SETTINGS = EndpointerSettings()


def moved(number: int, by_samples: int, *, voiced: bool = True) -> Frame:
    """Give a frame behind a hole."""
    found = frame(number, voiced=voiced)
    return found._replace(sample=found.sample + by_samples)


def lost(start_sample: int, length: int) -> Lost:
    return Lost("caller", start_sample, start_sample + length, "line_overrun")


def test_a_hole_in_the_line_is_a_gap_with_its_samples_and_its_reason() -> None:
    talk = Talk({})
    outputs = talk.session.receive_lost(Lost("caller", 320, 16_001, "packets_lost"))
    assert outputs == [Gap(who="caller", start_sample=320, end_sample=16_001, reason="packets_lost")]


def test_time_goes_on_through_a_hole_so_that_the_call_ends_where_its_audio_does() -> None:
    talk = Talk({}).run_until(1.0)
    talk.take(talk.session.receive_lost(lost(at(1), at(2))))
    ended = talk.hang_up().events[-1]
    assert ended.end_sample == at(3)


def spoken_over(hole_samples: int) -> tuple[Listener, list[Hear | EndUtterance]]:
    """Speak for a second, lose so much, and speak for another second."""
    listener = Listener("caller", SETTINGS)
    requests: list[Said] = []
    for number in range(50):
        requests += listener.receive_frame(frame(number, voiced=number > 5), voiced=number > 5)
    requests += listener.receive_lost(lost(50 * FRAME_SAMPLES, hole_samples))
    for number in range(50, 100):
        requests += listener.receive_frame(moved(number, hole_samples), voiced=True)
    requests += listener.receive_end()
    return listener, [request for request in requests if isinstance(request, Hear | EndUtterance)]


@given(st.integers(1, samples(SETTINGS.hangover_ms) - FRAME_SAMPLES))
def test_an_utterance_goes_on_over_a_short_hole_with_its_positions(hole_samples: int) -> None:
    _, requests = spoken_over(hole_samples)
    heard = [request for request in requests if isinstance(request, Hear)]
    assert {request.utterance for request in heard} == {1}
    assert sum(isinstance(request, EndUtterance) for request in requests) == 1
    for before, after in pairwise(heard):
        assert after.sample == before.sample + len(before.pcm) // 2
    assert heard[-1].sample + len(heard[-1].pcm) // 2 == 100 * FRAME_SAMPLES + hole_samples


@given(st.integers(samples(SETTINGS.hangover_ms), samples(3_600_000)))
def test_no_utterance_is_glued_over_a_hole_longer_than_its_hangover(hole_samples: int) -> None:
    _, requests = spoken_over(hole_samples)
    ends = [request.utterance for request in requests if isinstance(request, EndUtterance)]
    assert ends == [1, 2]
    behind = [request for request in requests if isinstance(request, Hear) and request.utterance == 2]
    assert behind[0].sample == 50 * FRAME_SAMPLES + hole_samples
    before = sum(len(request.pcm) for request in requests if isinstance(request, Hear) and request.utterance == 1)
    assert before // 2 <= samples(1_000 + SETTINGS.tail_ms)


def test_nothing_from_before_a_hole_belongs_to_what_is_said_behind_it() -> None:
    listener = Listener("caller", SETTINGS)
    for number in range(20):
        listener.receive_frame(frame(number, voiced=False), voiced=False)
    listener.receive_lost(lost(20 * FRAME_SAMPLES, 160))
    requests: list[Said] = []
    for number in range(20, 60):
        requests += listener.receive_frame(moved(number, 160), voiced=True)
    heard = [request for request in requests if isinstance(request, Hear)]
    assert heard[0].sample == 20 * FRAME_SAMPLES + 160


@pytest.mark.parametrize(("hole_s", "counts_from_s"), [(0.3, 0), (20, 21)])
def test_silence_counts_anew_behind_a_long_hole_for_nobody_knows_that_it_was_silent(
    hole_s: float, counts_from_s: float
) -> None:
    told: list[Reading] = []
    meters = Meters(SIDES, "en", {"caller"}, told.append)
    for number in range(50):
        for side in SIDES:
            meters.receive_frame(frame(number, voiced=False, side=side), voiced=False, speaking=False)
    for side in SIDES:
        meters.receive_lost(Lost(side, at(1), at(1 + hole_s), "line_lost"))
    silence = [reading for reading in told if reading.cue == "silence_s"][-1]
    assert silence.counts_from == at(counts_from_s)


def test_a_hole_is_neither_talk_nor_the_longest_silence() -> None:
    meter = TalkMeter()
    meter.receive_utterance("caller", 0, at(1), 3)
    meter.receive_hole(at(1), at(60))
    meter.receive_time(at(63))
    facts = meter.facts()
    assert (facts.caller.speech_s, facts.longest_silence_s) == (1.0, 3.0)


def test_after_a_long_hole_the_voice_is_not_known_any_more() -> None:
    talk = Talk({"caller": said("so that is what i have been told by you on monday " * 3, 1, 0.25)}).run_until(10)
    outputs = talk.session.receive_lost(lost(at(10), at(5)))
    stress = [output for output in outputs if isinstance(output, StressMeasured)]
    assert all(one.score is None for one in stress)
    assert not [output for output in outputs if isinstance(output, Utterance)]
