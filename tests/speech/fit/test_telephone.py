import numpy as np
import pytest

from appliance.speech.fit.telephone import PLAIN, Line, draw_line, through
from appliance.speech.pitch import Values
from tests.speech.voices import seconds


def tone(hz: float) -> Values:
    return 3000 * np.sin(2 * np.pi * hz * seconds(1.0))


@pytest.mark.parametrize(
    ("hz", "passes"), [(100, False), (180, False), (500, True), (1000, True), (3000, True), (3900, False)]
)
def test_a_telephone_carries_its_band_alone(hz: float, passes: bool) -> None:
    loudness_db = 20 * np.log10(through(PLAIN, tone(hz), 1).std() / tone(hz).std())
    assert (abs(loudness_db) < 0.5) if passes else (loudness_db < -15)


def test_a_tilt_turns_about_1_khz() -> None:
    levels = [through(Line(tilt_db_per_octave=3.0), tone(hz), 1).std() for hz in (500, 1000, 2000)]
    assert np.allclose(np.diff(20 * np.log10(levels)), 3.0, atol=0.3)


def test_the_same_seed_gives_the_same_line_and_noise() -> None:
    lines = [draw_line(np.random.default_rng(seed)) for seed in (4, 4, 5)]
    assert lines[0] == lines[1] != lines[2]
    assert np.array_equal(through(lines[0], tone(700), 3), through(lines[1], tone(700), 3))
