"""What is fitted to what: stressed and calm stretches of speech, as they are and against their speaker's calm ones."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from appliance.speech.fit.emodb import Acted, levelled
from appliance.speech.fit.logistic import fit
from appliance.speech.fit.stretches import heard
from appliance.speech.fit.telephone import Line, through
from appliance.speech.pitch import Values
from appliance.speech.prosody import measure
from appliance.speech.stress_model import Model

STRESSED: Final = frozenset({"anger"})
CALM: Final = frozenset({"neutral", "boredom", "sadness"})
"""A tired or a sad caller is no angry one: without them the model takes all that is not neutral for stress."""

PENALTY: Final = 30.0


class Example(NamedTuple):
    """The measures of one recording."""

    speaker: str
    emotion: str
    measures: Values


def examples(recordings: Sequence[Acted]) -> list[Example]:
    """Give each recording's measures over a good telephone line."""
    return [
        Example(each.speaker, each.emotion, measure(heard(levelled(through(Line(), levelled(each.audio), seed)))))
        for seed, each in enumerate(recordings)
    ]


def fit_model(lessons: Sequence[Example]) -> Model:
    """Fit both sums to the stressed and the calm among them."""
    taught = [each for each in lessons if each.emotion in STRESSED | CALM]
    stressed = np.array([each.emotion in STRESSED for each in taught])
    measures = np.array([each.measures for each in taught])
    own = measures - np.array([calm_of(lessons, each.speaker) for each in taught])
    shares = np.ones(len(taught))
    return Model(fit(measures, stressed, shares, PENALTY), fit(own, stressed, shares, PENALTY))


def calm_of(lessons: Sequence[Example], speaker: str) -> Values:
    """Give the mean measures of a speaker's neutral recordings."""
    neutral = [each.measures for each in lessons if (each.speaker, each.emotion) == (speaker, "neutral")]
    mean: Values = np.mean(neutral, axis=0)
    return mean
