"""What can be had in closed form: a linear front, and the i-vector's map from narrowband to wideband features."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from appliance.models.adapt.features import Pair
from appliance.models.front import CEPSTRA, SPLICED, Frames, Layer, spliced
from appliance.models.kaldi import Array

LINEAR_RIDGE: Final = 1.0 / 1000
SPLICE_RIDGE: Final = 3.0 / 1000
"""Per frame, on the weights and not on the offset; the spliced features are nearly collinear."""

WINDOW_FRAMES: Final = 600
GLOBAL_FRAMES: Final = 200
"""Kaldi's online mean: of the last 600 frames, and until there are so many with up to 200 of the global mean."""


def fit_linear(pairs: Sequence[Pair]) -> Layer:
    """Give the best linear front: spliced narrowband features to wideband ones."""
    return _ridge(((spliced(pair.narrow), pair.wide) for pair in pairs), LINEAR_RIDGE)


def fit_splice(pairs: Sequence[Pair]) -> tuple[Layer, Array]:
    """Give the map from spliced narrowband to spliced wideband features, and how far the mean of speech shifts.

    Kaldi sends features through one matrix both as they are and after mean normalisation; so does the fit.
    """
    narrow_mean, wide_mean = (_speech_mean(pairs, side) for side in ("narrow", "wide"))

    def examples() -> Iterator[tuple[Array, Frames]]:
        for pair in pairs:
            yield spliced(pair.narrow)[pair.speech], spliced(pair.wide)[pair.speech]
            levelled = mean_normalised(pair.narrow, narrow_mean), mean_normalised(pair.wide, wide_mean)
            yield spliced(levelled[0])[pair.speech], spliced(levelled[1])[pair.speech]

    return _ridge(examples(), SPLICE_RIDGE), narrow_mean - wide_mean


def mean_normalised(frames: Frames, global_mean: Array) -> Array:
    """Take the online mean off, as Kaldi's `OnlineCmvn` does without speaker statistics."""
    sums = np.vstack([np.zeros(CEPSTRA), np.cumsum(frames, axis=0, dtype=np.float64)])
    ends = np.arange(1, len(frames) + 1)
    starts = np.maximum(0, ends - WINDOW_FRAMES)
    seen = ends - starts
    borrowed = np.minimum(GLOBAL_FRAMES, WINDOW_FRAMES - seen)
    means = (sums[ends] - sums[starts] + borrowed[:, None] * global_mean) / (seen + borrowed)[:, None]
    levelled: Array = frames - means
    return levelled


def _speech_mean(pairs: Sequence[Pair], side: str) -> Array:
    mean: Array = np.concatenate([getattr(pair, side)[pair.speech] for pair in pairs]).mean(axis=0, dtype=np.float64)
    return mean


def _ridge(examples: Iterable[tuple[Array, Frames]], ridge: float) -> Layer:
    squares: Array = np.zeros((SPLICED + 1, SPLICED + 1))
    products: Array = np.zeros((SPLICED + 1, 1))
    for heard, wanted in examples:
        inputs = np.column_stack([heard, np.ones(len(heard))])
        squares += inputs.T @ inputs
        products = products + (inputs.T @ wanted).astype(np.float64)
    penalty = np.full(SPLICED + 1, ridge * squares[-1, -1])
    penalty[-1] = 0.0
    solution: Array = np.linalg.solve(squares + np.diag(penalty), products).astype(np.float64)
    return Layer(solution[:-1].T, solution[-1])
