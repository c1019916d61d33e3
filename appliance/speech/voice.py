"""What a voice does from one hop to the next: pitch, periodicity, level, and the balance of its bands.

Everything is taken from 300 to 3400 Hz, what a telephone carries, so that a wide line says the same as a narrow one.
The audio is looked at in blocks of `BLOCK_MS`: fifty windows at once cost twice what seven do.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import FRAME_MS, FRAME_SAMPLES, Frame
from appliance.speech.pitch import WINDOW, Values, pitch

BLOCK_MS: Final = 1_000
"""Audio that is looked at together, as long as stress waits between two verdicts."""

HOP_MS: Final = FRAME_MS
"""One look for each frame, so that each has its yes or no from the voice activity detector."""

WINDOW_HOPS: Final = 60
"""Voiced hops that stress is judged by, 1.2 s: two seconds of lively speech, for its pauses are not voiced."""

BANDS: Final = 14
BAND_EDGES_HZ: Final = (300.0, 3400.0)
"""Triangles of equal width on the mel scale (O'Shaughnessy, 1987), as wide as those of 26 bands up to 8 kHz."""

SPECTRUM_SAMPLES: Final = 512
"""32 ms, in the middle of the window in which the pitch is looked for."""

QUIETEST_POWER: Final = 1.0
"""Added to each band, in squared steps of 16 bits: a quiet band must not be minus infinity, nor count for much."""


class Hops(NamedTuple):
    """A stretch of one voice, one row for each hop of `HOP_MS`."""

    voiced: NDArray[np.bool_]
    """What the voice activity detector said of the frame."""
    frame_db: Values
    """Level of the frame at all frequencies, over one squared step of 16 bits; of every hop, voiced or not."""
    level_db: Values
    """Power of all bands together, over one squared step of 16 bits."""
    bands_db: Values
    """Power of each of the `BANDS`, on the same scale; hops x bands."""
    f0_hz: Values
    aperiodicity: Values
    """0 for a pure period, 1 for noise (YIN's normalised difference at the period)."""

    def cut(self, hops: slice) -> "Hops":
        """Give these hops alone."""
        return Hops(*(column[hops] for column in self))  # type: ignore[arg-type] # one type for each column


def newest(hops: Hops, voiced: int = WINDOW_HOPS) -> Hops:
    """Give the end of the hops from where it holds this many voiced ones."""
    at = np.flatnonzero(hops.voiced)
    return hops.cut(slice(int(at[max(0, len(at) - voiced)]), None)) if len(at) else hops


def oldest(hops: Hops, voiced: int = WINDOW_HOPS) -> Hops:
    """Give the beginning of the hops up to where it holds this many voiced ones."""
    at = np.flatnonzero(hops.voiced)
    return hops.cut(slice(0, int(at[min(len(at), voiced) - 1]) + 1)) if len(at) else hops


def joined(parts: Sequence[Hops]) -> Hops:
    """Give the stretches as one."""
    return Hops(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class VoiceMeter:
    """One side of one call, measured a block at a time."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._voiced: list[bool] = []
        self._next_sample = 0
        self._before = np.zeros(_KEPT)

    def receive_frame(self, frame: Frame, *, voiced: bool) -> Hops | None:
        """Take the next frame; gives the hops of a block when one is full. After a hole it begins anew."""
        if frame.sample != self._next_sample:
            self._frames.clear()
            self._voiced.clear()
            self._before = np.zeros(_KEPT)
        self._next_sample = frame.sample + FRAME_SAMPLES
        self._frames.append(frame.pcm)
        self._voiced.append(voiced)
        if len(self._frames) * FRAME_MS < BLOCK_MS:
            return None
        signal = np.concatenate((self._before, np.frombuffer(b"".join(self._frames), "<i2")))
        hops = _hops(signal, np.array(self._voiced))
        self._before = signal[-_KEPT:]
        self._frames.clear()
        self._voiced.clear()
        return hops


_KEPT: Final = WINDOW - FRAME_SAMPLES
"""Samples before the newest hop that its window reaches back to."""


def _hops(signal: Values, voiced: NDArray[np.bool_]) -> Hops:
    """Measure the voiced hops; the others stay at zero, but for their aperiodicity of 1."""
    count = len(voiced)
    frames = signal[_KEPT:].reshape(count, FRAME_SAMPLES)
    powers = np.einsum("ij,ij->i", frames, frames) / FRAME_SAMPLES
    frame_db = 10 * np.log10(powers + QUIETEST_POWER)
    hops = Hops(voiced, frame_db, np.zeros(count), np.zeros((count, BANDS)), np.zeros(count), np.ones(count))
    if voiced.any():
        windows = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::FRAME_SAMPLES][voiced]
        spectra = np.fft.rfft(windows[:, _MIDDLE : _MIDDLE + SPECTRUM_SAMPLES] * _HANN)
        bands = (np.square(spectra.real) + np.square(spectra.imag)) @ _TRIANGLES + QUIETEST_POWER
        hops.bands_db[voiced] = 10 * np.log10(bands)
        hops.level_db[voiced] = 10 * np.log10(bands.sum(axis=1))
        hops.f0_hz[voiced], hops.aperiodicity[voiced] = pitch(windows)
    return hops


def _mel(hz: float | Values) -> Values:
    return np.asarray(1127 * np.log1p(np.asarray(hz) / 700))


def _triangles() -> Values:
    """Give the weights of each bin of a spectrum in each band; bins x bands."""
    low, high = (float(_mel(hz)) for hz in BAND_EDGES_HZ)
    centres = np.linspace(low, high, BANDS + 2)
    bins = _mel(np.arange(SPECTRUM_SAMPLES // 2 + 1) * SAMPLE_RATE_HZ / SPECTRUM_SAMPLES)
    distance = np.abs(bins[:, None] - centres[None, 1:-1]) / (centres[1] - centres[0])
    weights: Values = np.maximum(0.0, 1 - distance) * _SCALE
    return weights


_HANN: Final = np.hanning(SPECTRUM_SAMPLES + 1)[:-1]
_SCALE: Final = float(2 / (SPECTRUM_SAMPLES * np.square(_HANN).sum()))
"""From a squared bin to mean square, in squared steps."""
_MIDDLE: Final = (WINDOW - SPECTRUM_SAMPLES) // 2
_TRIANGLES: Final = _triangles()
