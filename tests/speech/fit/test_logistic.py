import numpy as np

from appliance.speech.fit.logistic import fit

CHANCE = np.random.default_rng(2)
STRESSED = np.arange(400) % 4 == 0
MEASURES = CHANCE.normal(0, 1, (400, 3)) * (1, 5, 100) + STRESSED[:, None] * (2.0, 0.0, 0.0)
EVEN = np.ones(400)


def test_only_what_tells_the_classes_apart_gets_weight() -> None:
    weights = fit(MEASURES, STRESSED, EVEN, 1.0).weights
    assert weights[0] > 5 * np.abs(weights[1:]).max()


def test_both_classes_count_alike_however_many_they_are() -> None:
    found = fit(MEASURES, STRESSED, EVEN, 1.0)
    odds = np.array([found.parts(row).sum() for row in MEASURES]) + found.bias
    chances = 1 / (1 + np.exp(-odds))
    assert np.isclose(chances[STRESSED].mean(), 1 - chances[~STRESSED].mean(), atol=0.01)


def test_a_row_of_no_share_teaches_nothing() -> None:
    spoilt, shares = MEASURES.copy(), EVEN.copy()
    spoilt[1], shares[1] = 1e4, 0.0
    kept = np.arange(400) != 1
    whole, left_out = fit(spoilt, STRESSED, shares, 0.0), fit(MEASURES[kept], STRESSED[kept], EVEN[kept], 0.0)
    assert np.allclose(whole.weights, left_out.weights, atol=1e-6)


def test_a_penalty_makes_the_weights_smaller() -> None:
    sizes = [np.linalg.norm(fit(MEASURES, STRESSED, EVEN, penalty).weights) for penalty in (0.1, 10.0, 1000.0)]
    assert sizes[0] > sizes[1] > sizes[2] > 0
