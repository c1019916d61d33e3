"""The stress meter on shipped calls, and on what is no speech."""

from functools import cache

import numpy as np
import pytest

from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import Side
from appliance.speech.hearable import MUSIC, NOISE
from appliance.speech.pitch import Values
from appliance.speech.stress import SILENT, Stress, StressMeter
from tests.speech.voices import frames, melody, noise, side_of, stress_of

CALMER = 0.55
"""Below the score at which "high" is left."""


@cache
def call(name: str, side: Side = "caller") -> list[Stress]:
    return stress_of(side_of(name, side))


def scores(verdicts: list[Stress], start_s: float = 0.0, end_s: float = 1e9) -> list[float]:
    rate = SAMPLE_RATE_HZ
    return [each.score for each in verdicts if each.score is not None and start_s <= each.at_sample / rate < end_s]


def test_a_calm_caller_is_never_high() -> None:
    assert {each.level for each in call("delivery_ok.wav")} == {"calm"}
    assert max(scores(call("delivery_ok.wav"))) < 0.6


@pytest.mark.parametrize(
    ("name", "outburst_s"), [("billing_dispute.wav", 58.6), ("billing_ko.wav", 46.5), ("billing_ko_16k.wav", 46.5)]
)
def test_an_outburst_is_high_and_what_came_before_it_was_not(name: str, outburst_s: float) -> None:
    verdicts = call(name)
    assert max(scores(verdicts, 0, outburst_s)) < 0.8
    assert max(scores(verdicts, outburst_s, outburst_s + 18)) > 0.8
    assert verdicts[-1].level != "high"


@pytest.mark.parametrize("name", ["billing_dispute.wav", "delivery_ok.wav"])
def test_it_says_something_at_most_once_a_second_and_in_bounds(name: str) -> None:
    verdicts = call(name)
    assert len(verdicts) > 10
    assert np.diff([each.at_sample for each in verdicts]).min() >= SAMPLE_RATE_HZ
    for each in verdicts:
        assert (each.score is None) == bool(each.reason)
        assert each.score is None or 0 <= each.score <= 1
        assert 0 <= each.confidence <= 1
        assert len(each.drivers) <= 3


def test_the_same_voice_gives_the_same_verdicts() -> None:
    assert stress_of(side_of("delivery_ok.wav", "caller")) == call("delivery_ok.wav")


@pytest.mark.parametrize("gain_db", [-12, -6, 6])
def test_a_louder_or_quieter_line_changes_no_level(gain_db: float) -> None:
    audio = side_of("billing_ko_16k.wav", "caller")
    before, after = stress_of(audio, voiced=True), stress_of(audio * 10 ** (gain_db / 20), voiced=True)
    differences = np.subtract(scores(before), scores(after)) if len(scores(before)) == len(scores(after)) else None
    assert differences is not None
    assert np.mean(np.abs(differences)) < 0.02


def test_a_caller_who_is_only_turned_up_stays_calm() -> None:
    audio = side_of("delivery_ok.wav", "caller")
    audio = audio + noise(len(audio) / SAMPLE_RATE_HZ, 30.0)[: len(audio)]
    turned_up = audio * np.where(np.arange(len(audio)) > len(audio) // 2, 4.0, 1.0)
    assert "high" not in {each.level for each in stress_of(turned_up)}


@pytest.mark.parametrize(("audio", "reason"), [(melody(20.0), MUSIC), (noise(20.0), NOISE)])
def test_of_music_and_noise_it_says_once_that_it_cannot_know(audio: Values, reason: str) -> None:
    verdicts = stress_of(audio, voiced=True)
    assert reason in {each.reason for each in verdicts}
    assert scores(verdicts) == []
    assert [each.reason for each in verdicts] == list(dict.fromkeys(each.reason for each in verdicts)) or len(
        verdicts
    ) < 10


def test_of_a_silent_line_it_says_nothing_but_that_nothing_is_said() -> None:
    (only,) = stress_of(np.zeros(40 * SAMPLE_RATE_HZ))
    assert (only.score, only.reason, only.level) == (None, SILENT, "calm")


def test_who_falls_silent_in_a_rage_is_judged_anew() -> None:
    audio = side_of("billing_ko_16k.wav", "caller")
    raging = next(each for each in call("billing_ko_16k.wav") if each.level == "high")
    verdicts = stress_of(np.concatenate((audio[: raging.at_sample], np.zeros(20 * SAMPLE_RATE_HZ))))
    assert verdicts[-2].level == "high"
    assert (verdicts[-1].level, verdicts[-1].reason) == ("calm", SILENT)


def test_it_tells_why_in_numbers_against_the_callers_own_start() -> None:
    raging = next(each for each in call("billing_ko_16k.wav") if each.level == "high")
    assert any("above own start" in driver and any(map(str.isdigit, driver)) for driver in raging.drivers)


def test_a_hole_in_the_audio_does_no_harm() -> None:
    meter = StressMeter()
    audio = side_of("delivery_ok.wav", "caller")
    taken = [frame for frame in frames(audio) if not 200_000 < frame.sample < 260_000]
    assert [verdict for frame in taken if (verdict := meter.receive_frame(frame, voiced=True))]
