"""The i-vectors that Kaldi computes while it listens: what a model knows of the speaker and the line.

Reads `final.ie` (the extractor: `<M>` with a matrix for each Gaussian, `<SigmaInv>` with packed triangles of float64,
`<IvectorOffset>`) and `final.dubm` (the Gaussians). After Kaldi's online-ivector-feature: five Gaussians a frame, none
below 0.025, each frame weighed by a tenth, at most a hundred frames' worth of certainty against the prior.
"""

import struct
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.models.adapt.least_squares import mean_normalised
from appliance.models.front import spliced
from appliance.models.kaldi import Array, KaldiError, read_array

GAUSSIANS: Final = 5
LEAST_POSTERIOR: Final = 0.025
FRAME_WEIGHT: Final = 0.1
MAX_COUNT: Final = 100.0


class Extractor(NamedTuple):
    """Computes i-vectors of features that pass the input matrix (281 columns) around this mean of speech."""

    matrix: Array
    mean: Array
    constants: Array
    scaled_means: Array
    inverse_variances: Array
    projections: Array
    """For each Gaussian, what a frame's features say of the i-vector: SigmaInv x M."""
    precisions: Array
    """For each Gaussian, how sure a frame is: transposed M x SigmaInv x M."""
    prior_offset: float

    def extract(self, frames: Array, speech: NDArray[np.bool_], ends: list[int]) -> NDArray[np.float32]:
        """Give the i-vector after each of the rising `ends`, counted in frames from the start of the session."""
        level = self._projected(mean_normalised(frames, self.mean))
        plain = self._projected(frames)
        chosen, posteriors = self._posteriors(level, speech)
        counts, sums = np.zeros(len(self.constants)), np.zeros((len(self.constants), plain.shape[1]))
        given, start = [], 0
        for end in ends:
            part = slice(start, end)
            np.add.at(counts, chosen[part].ravel(), posteriors[part].ravel())
            shares = posteriors[part, :, None] * plain[part, None]
            np.add.at(sums, chosen[part].ravel(), shares.reshape(-1, plain.shape[1]))
            given.append(self._solved(counts, sums))
            start = end
        return np.array(given, np.float32)

    def _projected(self, frames: Array) -> Array:
        projected: Array = spliced(frames) @ self.matrix[:, :-1].T + self.matrix[:, -1]
        return projected

    def _posteriors(self, frames: Array, speech: NDArray[np.bool_]) -> tuple[NDArray[np.intp], Array]:
        likelihood = self.constants + frames @ self.scaled_means.T - 0.5 * frames**2 @ self.inverse_variances.T
        chosen = np.argpartition(-likelihood, GAUSSIANS, axis=1)[:, :GAUSSIANS]
        best = np.take_along_axis(likelihood, chosen, axis=1)
        shares = np.exp(best - likelihood.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        shares[shares < LEAST_POSTERIOR] = 0.0
        shares /= shares.sum(axis=1, keepdims=True)
        return chosen, shares * FRAME_WEIGHT * speech[:, None]

    def _solved(self, counts: Array, sums: Array) -> Array:
        width = self.projections.shape[2]
        prior = max(counts.sum(), MAX_COUNT) / MAX_COUNT
        precision = np.tensordot(counts, self.precisions, 1) + prior * np.eye(width)
        linear = np.einsum("nij,ni->j", self.projections, sums)
        linear[0] += self.prior_offset * prior
        solved: Array = np.linalg.solve(precision, linear)
        solved[0] -= self.prior_offset
        return solved


def read_extractor(extractor: bytes, gaussians: bytes, matrix: Array, mean: Array) -> Extractor:
    """Read `final.ie` and `final.dubm`; raises `KaldiError`."""
    at = _after(extractor, b"<M> ")
    count = _count(extractor, at)
    at += 5
    projections = []
    for _ in range(count):
        projections.append(read_array(extractor, at))
        at += 13 + projections[-1].size * (4 if extractor[at : at + 2] == b"FM" else 8)
    inverses = _triangles(extractor, _after(extractor, b"<SigmaInv> "), count)
    means = np.array(projections)
    scaled = np.einsum("nij,njk->nik", inverses, means)
    return Extractor(
        matrix=matrix,
        mean=mean,
        constants=read_array(gaussians, _after(gaussians, b"<GCONSTS> ")),
        scaled_means=read_array(gaussians, _after(gaussians, b"<MEANS_INVVARS> ")),
        inverse_variances=read_array(gaussians, _after(gaussians, b"<INV_VARS> ")),
        projections=scaled,
        precisions=np.einsum("nij,nik->njk", means, scaled),
        prior_offset=struct.unpack_from("<d", extractor, _after(extractor, b"<IvectorOffset> ") + 1)[0],
    )


def _triangles(data: bytes, at: int, count: int) -> Array:
    """Read symmetric matrices, of which Kaldi keeps the lower triangle."""
    matrices = []
    for _ in range(count):
        if data[at : at + 3] != b"DP ":
            raise KaldiError(f"no packed matrix at byte {at}")
        rows = _count(data, at + 3)
        packed = np.frombuffer(data, "<f8", rows * (rows + 1) // 2, at + 8)
        lower = np.zeros((rows, rows))
        lower[np.tril_indices(rows)] = packed
        matrices.append(lower + np.tril(lower, -1).T)
        at += 8 + packed.nbytes
    return np.array(matrices)


def _after(data: bytes, token: bytes) -> int:
    at = data.find(token)
    if at < 0:
        raise KaldiError(f"{token.decode()} is missing")
    return at + len(token)


def _count(data: bytes, at: int) -> int:
    number: int = struct.unpack_from("<i", data, at + 1)[0]
    return number
