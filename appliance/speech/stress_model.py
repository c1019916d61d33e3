"""The model of stress: two weighted sums over the measures of a stretch, one against the population, one against self.

The numbers are in `stress_weights`, written by `appliance.speech.fit`, which says where they come from.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from appliance.speech import stress_weights
from appliance.speech.pitch import Values
from appliance.speech.prosody import MEASURES


class Sum(NamedTuple):
    """A logistic regression: `bias + ((measures - means) / scales) @ weights` is the logarithm of the odds of stress.

    Each array has one number for each of `MEASURES`.
    """

    means: Values
    scales: Values
    weights: Values
    bias: float

    def parts(self, measures: Values) -> Values:
        """Give what each measure adds to the odds' logarithm."""
        return (measures - self.means) / self.scales * self.weights


class Model(NamedTuple):
    """`population` judges measures as they are, `own` their difference from the speaker's own calm ones."""

    population: Sum
    own: Sum


class Verdict(NamedTuple):
    """Logarithms of the odds of stress: by all that is known, by the population alone; and what made the first.

    `parts` is what each of `MEASURES` adds, `effort_db` the effort of the voice, `by_effort` whether that decided.
    """

    odds: float
    population_odds: float
    parts: Values
    effort_db: float
    by_effort: bool


CALM_EFFORT_DB: Final = 5.0
EFFORT_ODDS_PER_DB: Final = 1.0
"""Calm speech of EmoDB's actors stays under 3.5 dB over its own start; at 6.4 dB the score is 0.8."""


def judge(model: Model, measures: Values, own_calm: Values, trust: float, effort_db: float) -> Verdict:
    """Judge a stretch; `trust` from 0 to 1 is how much the speaker's own calm measures are known.

    A voice can be stressed in two ways: by how it sounds, and by the effort with which it is raised over its own
    start. The greater one counts.
    """
    population = model.population.parts(measures)
    population_odds = model.population.bias + float(population.sum())
    parts = (1 - trust) * population + trust * model.own.parts(measures - own_calm)
    odds = (1 - trust) * model.population.bias + trust * model.own.bias + float(parts.sum())
    effort_odds = EFFORT_ODDS_PER_DB * (effort_db - CALM_EFFORT_DB)
    return Verdict(max(odds, effort_odds), population_odds, parts, effort_db, effort_odds > odds)


def probability(odds: float) -> float:
    """Turn the logarithm of odds into 0 to 1."""
    return 0.5 + 0.5 * math.tanh(odds / 2)


def shipped() -> Model:
    """Give the model that ships."""
    names = [measure.name for measure in MEASURES]
    return Model(*(_sum(table, names) for table in (stress_weights.POPULATION, stress_weights.OWN)))


def _sum(table: dict[str, tuple[float, float, float]], names: list[str]) -> Sum:
    columns = np.array([table[name] for name in names]).T
    return Sum(columns[0], columns[1], columns[2], table["bias"][2])
