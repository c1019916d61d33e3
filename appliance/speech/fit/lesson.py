"""What is fitted to what: stressed and calm stretches of speech, as they are and against their speaker's calm ones.

Every recording is heard over several telephone lines, so that no line's colour passes for a voice's; in one copy all
recordings of a speaker come over the same line, as in a call.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.speech.fit.emodb import Acted, levelled
from appliance.speech.fit.logistic import fit
from appliance.speech.fit.stretches import heard
from appliance.speech.fit.telephone import PLAIN, draw_line, through
from appliance.speech.pitch import Values
from appliance.speech.prosody import measure
from appliance.speech.stress_model import Model
from appliance.speech.voice import newest, oldest

STRESSED: Final[dict[str, float]] = {"anger": 1.0}
CALM: Final[dict[str, float]] = {"neutral": 1.0, "boredom": 1.0, "sadness": 1.0, "happiness": 0.1}
"""Emotions with the share by which each of their stretches counts.

A tired or a sad caller is no angry one: without them the model takes all that is not neutral for stress. A lively one
is none either, but an actor's happiness comes so near to anger that it may not count in full.
"""

COPIES: Final = 4
"""The first over a plain line, the others over lines drawn by chance."""

DRAWN: Final = 0.15
"""Share by which a stretch over a drawn line counts: with more the plain line suffers."""

PENALTY: Final = 100.0
"""By speakers of EmoDB that were left out; from 50 to 200 it hardly matters."""


class Example(NamedTuple):
    """The measures of one stretch of speech."""

    speaker: str
    emotion: str
    copy: int
    whole: bool
    """Of the recording, and not of its beginning or end."""
    measures: Values


def examples(recordings: Sequence[Acted], copies: int = COPIES) -> list[Example]:
    """Give the measures of each recording's beginning and end, and of the whole, over each copy's line."""
    return [
        Example(acted.speaker, acted.emotion, copy, part == 0, measures)
        for copy in range(copies)
        for seed, acted in enumerate(recordings)
        for part, measures in enumerate(_measured(acted, copy, seed))
    ]


def _measured(acted: Acted, copy: int, seed: int) -> Iterator[Values]:
    line = draw_line(np.random.default_rng([copy, int(acted.speaker)])) if copy else PLAIN
    hops = heard(levelled(through(line, levelled(acted.audio), seed)))
    if hops.voiced.any():
        for stretch in (hops, newest(hops), oldest(hops)):
            yield measure(stretch)


def fit_model(lessons: Sequence[Example]) -> Model:
    """Fit both sums to the stressed and the calm among them."""
    shares = STRESSED | CALM
    taught = [each for each in lessons if each.emotion in shares]
    stressed = np.array([each.emotion in STRESSED for each in taught])
    measures = np.array([each.measures for each in taught])
    own = measures - _references(taught)
    counted = np.array([shares[each.emotion] * (DRAWN if each.copy else 1.0) for each in taught])
    return Model(fit(measures, stressed, counted, PENALTY), fit(own, stressed, counted, PENALTY))


def _references(taught: Sequence[Example]) -> NDArray[np.float64]:
    """Give for each example the mean neutral measures of its speaker in its copy."""
    neutral: dict[tuple[str, int], list[Values]] = {}
    for each in taught:
        if each.emotion == "neutral":
            neutral.setdefault((each.speaker, each.copy), []).append(each.measures)
    means = {key: np.mean(measures, axis=0) for key, measures in neutral.items()}
    return np.array([means[each.speaker, each.copy] for each in taught])
