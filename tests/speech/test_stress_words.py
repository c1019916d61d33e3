import numpy as np

from appliance.speech.prosody import MEASURES
from appliance.speech.stress_model import Verdict
from appliance.speech.stress_words import WORDS, drivers

NAMES = [each.name for each in MEASURES]


def values(**named: float) -> np.ndarray:
    return np.array([named.get(name, 0.0) for name in NAMES])


def verdict(parts: dict[str, float], *, by_effort: bool = False) -> Verdict:
    return Verdict(1.0, 1.0, values(**parts), 7.25, by_effort)


def test_the_strongest_three_are_told_in_order() -> None:
    parts = {"pitch_median": 1.0, "alpha_high": 3.0, "flux": 2.0, "run_length": 0.5}
    told = drivers(verdict(parts), values(pitch_median=4.1, alpha_high=6.0), "own start")
    assert told == (
        "brightness 6.0 dB above own start",
        "change of sound 0.0 dB per 20 ms above own start",
        "pitch 4.1 semitones above own start",
    )


def test_what_speaks_for_calm_is_no_driver() -> None:
    assert drivers(verdict({"pitch_low": -2.0}), values(), "most voices") == ()


def test_an_effort_that_decided_comes_first() -> None:
    told = drivers(verdict({"pitch_low": 2.0}, by_effort=True), values(pitch_median=-3.0), "own start")
    assert told == ("voice raised by 7.2 dB above own start", "pitch 3.0 semitones below own start")


def test_every_group_of_measures_has_words() -> None:
    assert set(WORDS) == {each.group for each in MEASURES}
    assert {name for name, _, _ in WORDS.values()} <= set(NAMES)
