"""Logistic regression with a quadratic penalty, by Newton's method (Hastie et al., 2009, section 4.4)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from appliance.speech.pitch import Values
from appliance.speech.stress_model import Sum

STEPS: Final = 30
"""Newton's method doubles its exact digits in each; with the penalty it needs about eight."""


def fit(measures: Values, stressed: NDArray[np.bool_], shares: Values, penalty: float) -> Sum:
    """Fit to rows of measures; each row counts by its share, both classes count alike, and so do all measures.

    `penalty` is on half the squared length of the weights, for shares that sum up to the number of rows.
    """
    shares = np.where(stressed, shares / shares[stressed].sum(), shares / shares[~stressed].sum()) * len(shares) / 2
    means = np.average(measures, axis=0, weights=shares)
    scales = np.sqrt(np.average(np.square(measures - means), axis=0, weights=shares)) + 1e-9
    rows = np.column_stack(((measures - means) / scales, np.ones(len(measures))))
    penalties = np.append(np.full(measures.shape[1], penalty), 0.0)
    weights = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        chances = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (shares * (chances - stressed)) + penalties * weights
        bend = (rows * (shares * chances * (1 - chances))[:, None]).T @ rows + np.diag(penalties + 1e-9)
        weights = weights - np.linalg.solve(bend, slope)
    return Sum(means, scales, weights[:-1], float(weights[-1]))
