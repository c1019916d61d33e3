"""The model of stress: two weighted sums over the measures of a stretch, one against the population, one against self.

The numbers are in `stress_weights`, written by `appliance.speech.fit`, which says where they come from.
"""

from typing import Final, NamedTuple

import numpy as np

from appliance.speech import stress_weights
from appliance.speech.pitch import Values
from appliance.speech.prosody import MEASURES, Group


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
    """Logarithm of the odds of stress, and what each of `MEASURES` adds to it."""

    odds: float
    parts: Values


def judge(model: Model, measures: Values, own_calm: Values, trust: float) -> Verdict:
    """Judge a stretch; `trust` from 0 to 1 is how much the speaker's own calm measures are known."""
    parts = (1 - trust) * model.population.parts(measures) + trust * model.own.parts(measures - own_calm)
    bias = (1 - trust) * model.population.bias + trust * model.own.bias
    return Verdict(bias + float(parts.sum()), parts)


def probability(odds: float) -> float:
    """Turn the logarithm of odds into 0 to 1."""
    return float(1 / (1 + np.exp(-odds)))


def shipped() -> Model:
    """Give the model that ships."""
    names = [measure.name for measure in MEASURES]
    return Model(*(_sum(table, names) for table in (stress_weights.POPULATION, stress_weights.OWN)))


def _sum(table: dict[str, tuple[float, float, float]], names: list[str]) -> Sum:
    columns = np.array([table[name] for name in names]).T
    return Sum(columns[0], columns[1], columns[2], table["bias"][2])


GROUPS: Final[tuple[Group, ...]] = tuple(measure.group for measure in MEASURES)
