"""A small lesson of made voices: half of them high, sharp and restless, half of them low and dull."""

from functools import cache
from pathlib import Path

import numpy as np

from appliance.speech import stress_weights
from appliance.speech.fit.emodb import Acted
from appliance.speech.fit.lesson import COPIES, PENALTY, Example, examples, fit_model
from appliance.speech.fit.weights_file import weights_module
from appliance.speech.pitch import Values
from appliance.speech.stress_model import judge
from tests.speech.voices import noise, overtones

ROOT = Path(stress_weights.__file__).parent


def made(f0_hz: float, orders: int, seed: int) -> Values:
    chance = np.random.default_rng(seed)
    wobble = f0_hz * 2 ** (np.repeat(chance.normal(0, 1.5, 20), 1600) / 12)
    beat = np.repeat(chance.choice([0.05, 1.0, 0.6], 20), 1600)
    voice: Values = overtones(wobble, 2.0, range(1, orders)) * beat + noise(2.0, 5.0, seed)
    return voice


@cache
def lessons() -> list[Example]:
    kinds = [("anger", 260.0, 24), ("neutral", 140.0, 10), ("sadness", 130.0, 9)]
    acted = [
        Acted(f"{speaker:02}", emotion, made(f0_hz + 8 * speaker, orders, 10 * speaker + take))
        for speaker in range(3)
        for emotion, f0_hz, orders in kinds
        for take in range(3)
    ]
    return examples(acted, 2)


def test_every_recording_is_heard_whole_and_in_parts_over_each_line() -> None:
    assert len(lessons()) == 27 * 3 * 2
    assert sum(each.whole for each in lessons()) == 27 * 2
    assert COPIES > 1


def test_a_model_tells_the_voices_of_a_speaker_it_was_not_fitted_to() -> None:
    model = fit_model([each for each in lessons() if each.speaker != "02"])
    left = [each for each in lessons() if each.speaker == "02" and not each.copy and each.whole]
    calm = np.mean([each.measures for each in left if each.emotion == "neutral"], axis=0)
    for trust in (0.0, 1.0):
        odds = {each.emotion: judge(model, each.measures, calm, trust, 0.0).odds for each in left}
        assert odds["anger"] > max(odds["neutral"], odds["sadness"])


def test_the_module_of_weights_holds_the_model_and_says_where_it_comes_from() -> None:
    model = fit_model(lessons())
    text = weights_module(model, lessons())
    module: dict[str, dict[str, tuple[float, float, float]]] = {}
    exec(text, module)  # noqa: S102 - the text was made on the line before
    assert np.allclose([row[2] for row in module["POPULATION"].values()][:-1], model.population.weights, atol=1e-4)
    assert np.isclose(module["OWN"]["bias"][2], model.own.bias, atol=1e-4)
    assert "27 recordings of 3 speakers" in text
    assert f"penalty {PENALTY:g}" in text


def test_the_shipped_module_has_the_same_form() -> None:
    made_lines = weights_module(fit_model(lessons()), lessons()).splitlines()
    shipped_lines = (ROOT / "stress_weights.py").read_text("utf-8").splitlines()
    assert len(made_lines) == len(shipped_lines)
    assert [line.partition(":")[0] for line in made_lines[12:]] == [
        line.partition(":")[0] for line in shipped_lines[12:]
    ]
