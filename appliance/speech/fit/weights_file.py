"""The module of weights as it ships: plain numbers with their provenance, as the formatter would write them."""

from collections.abc import Iterator, Sequence
from typing import Final

from appliance.speech.fit.lesson import CALM, PENALTY, STRESSED, Example
from appliance.speech.prosody import MEASURES
from appliance.speech.stress_model import Model, Sum

_HEAD: Final = '''"""The weights of the model of stress.

Written by `python -m appliance.speech.fit EMODB FILE`, not by hand.

Fitted to EmoDB (Burkhardt et al., 2005) and nothing else: {recordings} recordings of {speakers} speakers,
{stressed} against {calm}, at equal levels, over {copies} telephone lines each
(300-3400 Hz, 8 kHz, mu-law), whole, their beginnings and their ends.
Logistic regression, quadratic penalty {penalty:g}.
Each measure has its mean, its scale and its weight; the bias stands as the weight of "bias".
"""

from typing import Final

Table = dict[str, tuple[float, float, float]]
'''


def weights_module(model: Model, lessons: Sequence[Example]) -> str:
    """Give the text of `appliance/speech/stress_weights.py`."""
    taught = [each for each in lessons if each.emotion in STRESSED | CALM]
    head = _HEAD.format(
        recordings=sum(each.whole and not each.copy for each in taught),
        copies=1 + max(each.copy for each in taught),
        speakers=len({each.speaker for each in taught}),
        stressed=", ".join(sorted(STRESSED)),
        calm=", ".join(sorted(CALM)),
        penalty=PENALTY,
    )
    tables = (("POPULATION", model.population), ("OWN", model.own))
    return "\n".join([head, *("\n".join(_table(name, each)) for name, each in tables)])


def _table(name: str, each: Sum) -> Iterator[str]:
    yield f"{name}: Final[Table] = {{"
    for measure, mean, scale, weight in zip(MEASURES, each.means, each.scales, each.weights, strict=True):
        yield f'    "{measure.name}": ({mean:.4f}, {scale:.4f}, {weight:.4f}),'
    yield f'    "bias": (0.0, 1.0, {each.bias:.4f}),'
    yield "}\n"
