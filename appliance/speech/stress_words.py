"""Why a voice was judged as it was, in plain words."""

from typing import Final

from appliance.speech.pitch import Values
from appliance.speech.prosody import MEASURES, Group
from appliance.speech.stress_model import Verdict

MOST: Final = 3
WORDS: Final[dict[Group, tuple[str, str, float]]] = {
    "pitch": ("pitch_median", "pitch {:.1f} semitones", 1.0),
    "brightness": ("alpha_high", "brightness {:.1f} dB", 1.0),
    "tone": ("flux", "change of sound {:.1f} dB per 20 ms", 1.0),
    "dynamics": ("level_spread", "swing of the level {:.1f} dB", 1.0),
    "pace": ("run_length", "length of voiced sounds {:.0f} %", 100.0),
}
"""For each group of measures the one that stands for it, how its difference from calm is said, and the unit of that."""


EFFORT: Final = "voice raised by {:.1f} dB"


def drivers(verdict: Verdict, differences: Values, reference: str) -> tuple[str, ...]:
    """Give up to three groups of measures that speak for stress, the strongest first.

    `differences` is how far each of `MEASURES` lies from the calm of the `reference`, such as "own start".
    """
    sums = {group: sum(verdict.parts[at] for at in places) for group, places in _PLACES.items()}
    strongest = sorted((group for group in sums if sums[group] > 0), key=lambda group: -sums[group])
    effort = [f"{EFFORT.format(verdict.effort_db)} above {reference}"] if verdict.by_effort else []
    return tuple([*effort, *(_said(group, differences, reference) for group in strongest)][:MOST])


def _said(group: Group, differences: Values, reference: str) -> str:
    name, words, unit = WORDS[group]
    difference = unit * float(differences[_AT[name]])
    return f"{words.format(abs(difference))} {'above' if difference >= 0 else 'below'} {reference}"


_AT: Final = {measure.name: at for at, measure in enumerate(MEASURES)}
_PLACES: Final[dict[Group, list[int]]] = {
    group: [at for at, measure in enumerate(MEASURES) if measure.group == group] for group in WORDS
}
