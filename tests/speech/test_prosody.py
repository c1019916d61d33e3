import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.speech.prosody import MEASURES, measure
from appliance.speech.voice import newest
from tests.speech.voices import hops_of, noise, overtones, side_of

NAMES = [each.name for each in MEASURES]
SPEECH = side_of("delivery_ok.wav", "caller")[100_000:200_000]


def named(name: str, audio_measures: np.ndarray) -> float:
    return float(audio_measures[NAMES.index(name)])


def test_every_measure_has_a_name_of_its_own_a_unit_and_a_source() -> None:
    assert len({*NAMES}) == len(MEASURES)
    assert all(each.unit and each.source for each in MEASURES)
    assert len(measure(newest(hops_of(SPEECH)))) == len(MEASURES)


@settings(deadline=None, max_examples=20)
@given(st.floats(0.2, 3.0))
def test_a_gain_changes_no_measure_of_speech(gain: float) -> None:
    before, after = measure(hops_of(SPEECH, voiced=True)), measure(hops_of(gain * SPEECH, voiced=True))
    assert np.allclose(before, after, atol=0.25)


def test_the_pitch_is_in_semitones_above_100_hz() -> None:
    octave = measure(hops_of(overtones(200.0, 1.0), voiced=True))
    assert abs(named("pitch_median", octave) - 12) < 0.2
    assert abs(named("pitch_low", octave) - 12) < 0.2


def test_a_sharper_voice_has_more_above_1_khz() -> None:
    soft, sharp = overtones(150.0, 1.0, range(1, 8)), overtones(150.0, 1.0, range(1, 24))
    measured = [named("alpha_high", measure(hops_of(audio, voiced=True))) for audio in (soft, sharp)]
    assert measured[1] > measured[0] + 3


def test_longer_runs_and_wider_swings_are_told() -> None:
    broken = overtones(150.0, 2.0)
    broken[np.arange(len(broken)) // 1600 % 2 == 0] *= 0.05
    steady = overtones(150.0, 2.0)
    for name, more in (("level_spread", broken), ("run_length", steady)):
        less = steady if more is broken else broken
        rough = noise(2.0, 20.0)
        assert named(name, measure(hops_of(more + rough, voiced=True))) > named(
            name, measure(hops_of(less + rough, voiced=True))
        )


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(0, 20_000), st.floats(0, 0.999))
def test_whatever_is_heard_gives_numbers(seed: int, step: float, silent: float) -> None:
    chance = np.random.default_rng(seed)
    audio = chance.normal(0, step, 16_000) * (chance.random(16_000) > silent)
    hops = hops_of(audio, voiced=True)._replace(voiced=chance.random(50) > silent)
    if hops.voiced.any():
        assert np.all(np.isfinite(measure(hops)))
