import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.telephony.tones import CADENCES, Cadence, ToneDetector, ToneFound, are_tones

from .scripted_day import Signal, cadence, music, tone, voices_of

PAIRS = [(425.0,), (440.0, 480.0), (480.0, 620.0), (350.0, 440.0), (400.0, 450.0)]


def heard(signal: Signal) -> list[ToneFound]:
    detector = ToneDetector()
    samples = np.rint(signal).clip(-32768, 32767).astype(np.float32)
    sounds = are_tones(samples[: len(samples) // 320 * 320].reshape(-1, 320))
    found = (detector.receive_frame(320 * number, sounds=each) for number, each in enumerate(sounds))
    return [each for each in found if each]


@pytest.mark.parametrize("known", CADENCES, ids=str)
@pytest.mark.parametrize("hz", PAIRS[:3], ids=str)
def test_each_cadence_is_known_by_its_kind_and_from_where_it_sounded(known: Cadence, hz: tuple[float, ...]) -> None:
    lead = np.zeros(8_000)
    found = heard(np.concatenate((lead, cadence(13.0, known.turns_ms, *hz))))
    assert found[0].tone == known.tone
    assert abs(found[0].start_sample - len(lead)) <= 640
    assert {each.tone for each in found} == {known.tone}


@pytest.mark.parametrize("hz", PAIRS, ids=str)
def test_a_tone_without_a_pause_is_the_dial_tone(hz: tuple[float, ...]) -> None:
    assert [each.tone for each in heard(tone(4.0, *hz))] == ["dial"]


def test_in_what_people_say_on_the_shipped_calls_there_is_no_tone_of_the_network() -> None:
    for name in ("delivery_ok", "billing_dispute"):
        voices = voices_of(name)[: 60 * 16_000]
        assert heard(voices[:, 0]) == heard(voices[:, 1]) == []


@settings(max_examples=5)
@given(st.integers(0, 1000))
def test_hold_music_is_no_tone_that_ends_a_call(seed: int) -> None:
    found = heard(music(np.random.default_rng(seed), 20.0))
    assert not [each for each in found if each.tone in {"busy", "reorder"}]


@pytest.mark.parametrize("signal", [np.zeros(320), np.full(320, 9000.0), np.random.default_rng(1).normal(0, 3000, 320)])
def test_silence_an_offset_and_noise_are_no_tone(signal: Signal) -> None:
    assert are_tones(np.rint(signal).astype(np.float32).reshape(1, -1)) == [False]
