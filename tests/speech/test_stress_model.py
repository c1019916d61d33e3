import numpy as np

from appliance.speech import stress_weights
from appliance.speech.prosody import MEASURES
from appliance.speech.stress_model import judge, probability, shipped

MODEL = shipped()
CALM = MODEL.population.means


def test_the_shipped_weights_are_those_of_all_measures_with_their_provenance() -> None:
    names = {each.name for each in MEASURES} | {"bias"}
    assert set(stress_weights.POPULATION) == set(stress_weights.OWN) == names
    assert "EmoDB" in (stress_weights.__doc__ or "")
    assert "nothing else" in (stress_weights.__doc__ or "")
    assert np.all(MODEL.population.scales > 0)


def test_what_each_measure_adds_makes_the_odds() -> None:
    measures = CALM + MODEL.population.scales
    verdict = judge(MODEL, measures, CALM, 0.0, 0.0)
    assert np.isclose(verdict.odds, MODEL.population.bias + verdict.parts.sum())
    assert verdict.odds == verdict.population_odds


def test_a_known_voice_is_judged_by_its_own_start() -> None:
    lively = CALM + MODEL.population.scales * np.sign(MODEL.population.weights)
    unknown = judge(MODEL, lively, CALM, 0.0, 0.0)
    known = judge(MODEL, lively, lively, 1.0, 0.0)
    assert unknown.odds > 2
    assert known.odds < 0
    assert known.population_odds == unknown.odds


def test_an_effort_counts_where_the_sound_is_calm() -> None:
    calm = judge(MODEL, CALM, CALM, 0.7, 0.0)
    raised = judge(MODEL, CALM, CALM, 0.7, 8.0)
    assert not calm.by_effort
    assert raised.by_effort
    assert probability(raised.odds) > 0.9


def test_probability_turns_even_odds_into_a_half() -> None:
    assert probability(0.0) == 0.5
    assert probability(-800.0) < 1e-6 < 1 - 1e-6 < probability(800.0)
