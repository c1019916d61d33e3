import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.speech.fit.telephone import PLAIN, through
from appliance.speech.pitch import WINDOW, Values, pitch
from tests.speech.voices import noise, overtones


def windows(audio: Values, count: int = 20) -> Values:
    """Take windows from the middle of a sound."""
    starts = np.linspace(len(audio) // 4, 3 * len(audio) // 4, count).astype(int)
    return np.array([audio[start : start + WINDOW] for start in starts])


def semitones_off(found_hz: Values, f0_hz: float) -> Values:
    off: Values = np.abs(12 * np.log2(found_hz / f0_hz))
    return off


@settings(deadline=None, max_examples=25)
@given(st.floats(70, 600), st.floats(10, 4000))
def test_a_voice_has_the_pitch_it_was_made_with_at_any_level(f0_hz: float, step: float) -> None:
    found = pitch(windows(overtones(f0_hz, 0.5, step=step)))
    assert np.median(semitones_off(found.hz, f0_hz)) < 0.3
    assert np.max(found.aperiodicity) < 0.2


@settings(deadline=None, max_examples=25)
@given(st.floats(80, 290))
def test_a_voice_whose_fundamental_the_telephone_cut_off_keeps_its_pitch(f0_hz: float) -> None:
    found = pitch(windows(through(PLAIN, overtones(f0_hz, 0.5), 1)))
    assert np.median(semitones_off(found.hz, f0_hz)) < 0.3
    assert np.median(found.aperiodicity) < 0.3


@pytest.mark.parametrize("strongest", [2, 3])
def test_one_strong_overtone_does_not_pass_for_the_pitch(strongest: int) -> None:
    voice = overtones(150.0, 0.5) + 10 * overtones(150.0, 0.5, orders=range(strongest, strongest + 1))
    assert np.median(semitones_off(pitch(windows(through(PLAIN, voice, 1))).hz, 150.0)) < 0.3


def test_noise_has_no_pitch() -> None:
    assert np.median(pitch(windows(noise(1.0))).aperiodicity) > 0.4


def test_silence_has_no_pitch_and_harms_nothing() -> None:
    found = pitch(np.zeros((3, WINDOW)))
    assert np.all(found.aperiodicity == 1.0)
    assert np.all(np.isfinite(found.hz))


@settings(deadline=None, max_examples=25)
@given(st.floats(0.01, 30.0))
def test_a_gain_changes_no_pitch(gain: float) -> None:
    voice = windows(overtones(180.0, 0.5) + noise(0.5, 50.0))
    quiet, loud = pitch(voice), pitch(gain * voice)
    assert np.allclose(quiet.hz, loud.hz, rtol=1e-3)
    assert np.allclose(quiet.aperiodicity, loud.aperiodicity, atol=1e-3)
