"""The speaker's own reference: how this voice sounded in its first calm seconds of the call, and how loud it was.

It then stays: a moving one would follow a caller who gets angry slowly. Stretches that the population calls stressed
hardly enter, so that who is angry from the first word is never measured by their own anger.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from appliance.speech.pitch import Values
from appliance.speech.prosody import MEASURES, measure
from appliance.speech.voice import Hops

CALM_ODDS: Final = -0.4
STRESSED_ODDS: Final = 3.0
"""Logarithms of odds by the population: up to the first a stretch counts whole, from the second on not at all."""

STRETCHES: Final = 10.0
"""Calm stretches, one a second, that make the reference."""

DOUBT: Final = 4.0
"""Stretches after which the reference is trusted by half."""

FEWEST: Final = 3.0
"""Stretches before loudness and pitch are compared at all."""

SEMITONES_PER_DB: Final = 0.3
"""By how much a voice rises when it gets louder: 0.2 to 0.6 (Gramming et al., 1988). Loudness counts as far as pitch
vouches for it."""

LOWEST_FLOOR_DBFS: Final = -70.0
"""What a quiet line carries; below, the floor tells of the codec and not of the line's gain."""

MOST_GAIN_DB: Final = 6.0
"""A floor that falls by more was no floor but a pause of the codec."""

MOST_EFFORT_DB: Final = 12.0

_FULL_SCALE_DB: Final = 20 * math.log10(32768)
_PITCH: Final = [at for at, each in enumerate(MEASURES) if each.group == "pitch"]


class Stretch(NamedTuple):
    """The newest speech of a voice, as it is judged."""

    measures: Values
    level_dbfs: float
    """80th percentile of the voiced hops."""
    floor_dbfs: float
    """What the line carries without the voice."""


def stretch(hops: Hops, floor_dbfs: float) -> Stretch:
    """Measure the hops, at least one of them voiced, on a line with this floor."""
    level_db = float(np.percentile(hops.level_db[hops.voiced], 80))
    return Stretch(measure(hops), level_db - _FULL_SCALE_DB, max(floor_dbfs, LOWEST_FLOOR_DBFS))


class OwnStart:
    """The mean of the first calm stretches of one voice; `measures` is that of their `MEASURES`."""

    def __init__(self) -> None:
        self.measures: Values = np.zeros(len(MEASURES))
        self._loudness = np.zeros(3)
        self._count = 0.0

    @property
    def trust(self) -> float:
        """How much the reference is to be trusted, 0 to 1."""
        return self._count / (self._count + DOUBT)

    def receive(self, heard: Stretch, population_odds: float) -> None:
        """Take the next stretch, and how stressed the population calls it."""
        share = min(1.0, max(0.0, (STRESSED_ODDS - population_odds) / (STRESSED_ODDS - CALM_ODDS)))
        if share == 0 or self._count >= STRETCHES:
            return
        self._count += share
        self.measures = self.measures + (heard.measures - self.measures) * share / self._count
        self._loudness += (_loudness(heard) - self._loudness) * share / self._count

    def effort_db(self, heard: Stretch) -> float:
        """Give how much louder the voice is than at its start, over the line's floor and as far as its pitch vouches.

        So neither a gain nor a louder line is effort: both move the floor too, and no pitch. 0 while the start is
        hardly known.
        """
        if self._count < FEWEST:
            return 0.0
        level_db, floor_db, semitones = _loudness(heard) - self._loudness
        louder_db = level_db - max(floor_db, -MOST_GAIN_DB)
        return float(np.clip(min(louder_db, semitones / SEMITONES_PER_DB), 0.0, MOST_EFFORT_DB))


def _loudness(heard: Stretch) -> Values:
    return np.array([heard.level_dbfs, heard.floor_dbfs, heard.measures[_PITCH].mean()])
