"""Why a voice was judged as it was, in plain words."""

from typing import Final

import numpy as np

from appliance.speech.pitch import Values
from appliance.speech.prosody import MEASURES, Group

MOST: Final = 3
_AT: Final = {measure.name: at for at, measure in enumerate(MEASURES)}

WORDS: Final[dict[Group, tuple[str, str]]] = {
    "pitch": ("pitch_median", "pitch {:+.1f} semitones"),
    "melody": ("pitch_step", "pitch moves by {:+.2f} semitones more in 20 ms"),
    "brightness": ("alpha_ratio", "voice {:+.1f} dB sharper"),
    "tone": ("flux", "sounds change by {:+.1f} dB more"),
    "dynamics": ("level_spread", "level swings {:+.1f} dB more"),
    "pace": ("stretch_rate", "{:+.1f} syllables a second"),
}
"""For each group of measures the one that stands for it, and how its difference from calm is said."""


def drivers(parts: Values, differences: Values, *, own: bool) -> tuple[str, ...]:
    """Give up to three groups that speak for stress, the strongest first.

    `parts` is what each of `MEASURES` adds to the odds; `differences` how far it lies from the speaker's `own` calm
    speech, or else from the population's.
    """
    sums = {group: sum(parts[at] for at, each in enumerate(MEASURES) if each.group == group) for group in WORDS}
    strongest = sorted((group for group in sums if sums[group] > 0), key=lambda group: -sums[group])[:MOST]
    return tuple(_said(group, differences, "above own start" if own else "above most voices") for group in strongest)


def _said(group: Group, differences: Values, reference: str) -> str:
    name, words = WORDS[group]
    return f"{words.format(float(np.round(differences[_AT[name]], 2)))} {reference}"
