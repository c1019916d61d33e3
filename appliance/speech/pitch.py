"""The pitch of a voice, by YIN, for many windows at once.

YIN: de Cheveigné and Kawahara, 2002, "YIN, a fundamental frequency estimator for speech and music". Its steps 1 to 5
are here, the differences by way of the Fourier transform.

A telephone cuts the fundamental of most voices away; the period is still in the overtones, so nothing is lost by it.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 8_000
"""Of the audio that is looked at: the telephone's, and enough overtones for every voice."""

LOWEST_HZ: Final = 62.5
HIGHEST_HZ: Final = 640.0
"""A deep man's creak and a woman's scream; what lies beyond is found as its half or its double."""

SUMMED: Final = 256
"""Samples over which differences are summed, 32 ms: two periods of the lowest voice."""

LONGEST: Final = int(RATE_HZ / LOWEST_HZ)
SHORTEST: Final = int(RATE_HZ / HIGHEST_HZ)
WINDOW: Final = SUMMED + LONGEST
"""Samples that are needed for one look: `SUMMED` and the longest period behind them."""

DIP: Final = 0.15
"""The first dip of the normalised difference below this is the period (the paper takes 0.1, for studios)."""

_FFT: Final = 512
Values = NDArray[np.float64]


class Pitch(NamedTuple):
    """For each window its frequency in hertz, and its aperiodicity: about 0 for a pure period, 1 for noise."""

    hz: Values
    aperiodicity: Values


def pitch(windows: Values) -> Pitch:
    """Give the pitch of each row of `windows`, `WINDOW` samples at `RATE_HZ`, at any scale."""
    dips = _normalised(_differences(windows))
    at = _first_dips(dips)
    rows = np.arange(len(dips))
    before, here, after = dips[rows, at - 1], dips[rows, at], dips[rows, at + 1]
    bend = before - 2 * here + after
    shift = np.where(bend > 0, (before - after) / (2 * np.where(bend > 0, bend, 1.0)), 0.0)
    return Pitch(RATE_HZ / (at + np.clip(shift, -1, 1)), np.clip(here, 0.0, 1.0))


def _differences(windows: Values) -> Values:
    """Give the squared difference of each window from itself, by how many samples it is shifted (equation 6)."""
    products = np.conj(np.fft.rfft(windows[:, :SUMMED], _FFT)) * np.fft.rfft(windows, _FFT)
    alike = np.fft.irfft(products, _FFT)[:, : LONGEST + 1]
    sums = np.cumsum(np.square(windows), axis=1)
    energies = np.concatenate((sums[:, SUMMED - 1 : SUMMED], sums[:, SUMMED:] - sums[:, :LONGEST]), axis=1)
    differences: Values = np.maximum(energies[:, :1] + energies - 2 * alike, 0.0)
    return differences


def _normalised(differences: Values) -> Values:
    """Divide each by the mean of those at shorter shifts (equation 8); 1 where there is nothing at all."""
    sums = np.cumsum(differences[:, 1:], axis=1)
    shifts = np.arange(1, LONGEST + 1)
    out = np.ones_like(differences)
    np.divide(differences[:, 1:] * shifts, sums, out=out[:, 1:], where=sums > 0)
    return out


def _first_dips(dips: Values) -> NDArray[np.int64]:
    """Give the bottom of the first dip that is deep enough, of the deepest one where none is."""
    inner = dips[:, SHORTEST:-1]
    bottoms = (inner <= dips[:, SHORTEST - 1 : -2]) & (inner < dips[:, SHORTEST + 1 :])
    deep = bottoms & (inner < DIP)
    first = np.where(deep.any(axis=1), deep.argmax(axis=1), inner.argmin(axis=1))
    return np.asarray(first + SHORTEST, np.int64)
