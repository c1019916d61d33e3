"""What a voice does from one hop to the next: pitch, periodicity, level, and the balance of its bands.

Everything is taken from 300 to 3400 Hz, what a telephone carries, so that a wide line says the same as a narrow one.
The audio is looked at in blocks of `BLOCK_MS`: many windows at once cost a tenth of one at a time.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.speech.frames import FRAME_MS, FRAME_SAMPLES, Frame
from appliance.speech.pitch import RATE_HZ, WINDOW, Values, pitch

BLOCK_MS: Final = 200
"""Audio that is looked at together; the delay that this adds is a fifth of a second in a cue that takes two."""

HOP_MS: Final = FRAME_MS
"""One look for each frame, so that each has its yes or no from the voice activity detector."""

BANDS: Final = 14
BAND_EDGES_HZ: Final = (300.0, 3400.0)
"""Triangles of equal width on the mel scale (O'Shaughnessy, 1987), as wide as those of 26 bands up to 8 kHz."""

SPECTRUM_SAMPLES: Final = 256
"""32 ms at 8 kHz, in the middle of the window in which the pitch is looked for."""

LOWPASS_TAPS: Final = 31
"""Before every second sample is left out: 3.4 kHz pass whole, 4.6 kHz are 40 dB down."""

QUIETEST_POWER: Final = 1.0
"""Added to each band, in squared steps of 16 bits: a quiet band must not be minus infinity, nor count for much."""


class Hops(NamedTuple):
    """A stretch of one voice, one row for each hop of `HOP_MS`."""

    voiced: NDArray[np.bool_]
    """What the voice activity detector said of the frame."""
    f0_hz: Values
    aperiodicity: Values
    """0 for a pure period, 1 for noise (YIN's normalised difference at the period)."""
    level_db: Values
    """Power from 300 to 3400 Hz, over one squared step of 16 bits."""
    bands_db: Values
    """Power of each of the `BANDS`, on the same scale; hops x bands."""

    def since(self, hop: int) -> "Hops":
        """Give the hops from this one on."""
        return Hops(
            self.voiced[hop:], self.f0_hz[hop:], self.aperiodicity[hop:], self.level_db[hop:], self.bands_db[hop:]
        )


def joined(parts: Sequence[Hops]) -> Hops:
    """Give the stretches as one."""
    return Hops(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class VoiceMeter:
    """One side of one call, measured a block at a time."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._voiced: list[bool] = []
        self._next_sample = 0
        self._narrow = np.zeros(0)
        self._wide = np.zeros(0)
        self._forget()

    def receive_frame(self, frame: Frame, *, voiced: bool) -> Hops | None:
        """Take the next frame; gives the hops of a block when one is full. After a hole it begins anew."""
        if frame.sample != self._next_sample:
            self._forget()
        self._next_sample = frame.sample + FRAME_SAMPLES
        self._frames.append(frame.pcm)
        self._voiced.append(voiced)
        if len(self._frames) * FRAME_MS < BLOCK_MS:
            return None
        wide = np.frombuffer(b"".join(self._frames), "<i2").astype(np.float64)
        flags = np.array(self._voiced)
        self._frames.clear()
        self._voiced.clear()
        return self._measure(wide, flags)

    def _forget(self) -> None:
        self._frames.clear()
        self._voiced.clear()
        self._wide = np.zeros(LOWPASS_TAPS - 1)
        self._narrow = np.zeros(_KEPT)

    def _measure(self, wide: Values, voiced: NDArray[np.bool_]) -> Hops:
        signal = np.concatenate((self._wide, wide))
        self._wide = signal[-(LOWPASS_TAPS - 1) :]
        narrow = np.concatenate((self._narrow, np.convolve(signal, _LOWPASS, "valid")[::2]))
        self._narrow = narrow[-_KEPT:]
        return _hops(narrow, voiced)


_HOP: Final = RATE_HZ * HOP_MS // 1000
_KEPT: Final = WINDOW - _HOP
"""Samples before the newest hop that its window reaches back to."""


def _hops(narrow: Values, voiced: NDArray[np.bool_]) -> Hops:
    """Measure the voiced hops; the others cost nothing and hold what noise would."""
    count = len(voiced)
    hops = Hops(voiced, np.zeros(count), np.ones(count), np.zeros(count), np.zeros((count, BANDS)))
    at = np.flatnonzero(voiced)
    windows = np.lib.stride_tricks.sliding_window_view(narrow, WINDOW)[::_HOP]
    middles = windows[:, _MIDDLE : _MIDDLE + SPECTRUM_SAMPLES]
    spectra = np.fft.rfft(middles * _HANN)
    powers = np.square(spectra.real) + np.square(spectra.imag)
    bands = powers @ _TRIANGLES + QUIETEST_POWER
    hops.bands_db[:] = 10 * np.log10(bands)
    hops.level_db[:] = 10 * np.log10(powers[:, _PASSED].sum(axis=1) * _SCALE + QUIETEST_POWER)
    if len(at):
        found = pitch(windows[at])
        hops.f0_hz[at], hops.aperiodicity[at] = found
    return hops


def _mel(hz: float | Values) -> Values:
    return np.asarray(1127 * np.log1p(np.asarray(hz) / 700))


def _lowpass() -> Values:
    at = np.arange(LOWPASS_TAPS) - LOWPASS_TAPS // 2
    shape: Values = np.sinc(at / 2) * np.hamming(LOWPASS_TAPS)
    whole: Values = shape / shape.sum()
    return whole


def _triangles() -> Values:
    """Give the weights of each bin of a spectrum in each band; bins x bands."""
    low, high = (float(_mel(hz)) for hz in BAND_EDGES_HZ)
    centres = np.linspace(low, high, BANDS + 2)
    bins = _mel(np.arange(SPECTRUM_SAMPLES // 2 + 1) * RATE_HZ / SPECTRUM_SAMPLES)
    distance = np.abs(bins[:, None] - centres[None, 1:-1]) / (centres[1] - centres[0])
    weights: Values = np.maximum(0.0, 1 - distance) * _SCALE
    return weights


_HANN: Final = np.hanning(SPECTRUM_SAMPLES + 1)[:-1]
_SCALE: Final = float(2 / (SPECTRUM_SAMPLES * np.square(_HANN).sum()))
"""From a squared bin to mean square, in squared steps."""
_MIDDLE: Final = (WINDOW - SPECTRUM_SAMPLES) // 2
_LOWPASS: Final = _lowpass()
_TRIANGLES: Final = _triangles()
_PASSED: Final = slice(
    int(BAND_EDGES_HZ[0] * SPECTRUM_SAMPLES / RATE_HZ), int(BAND_EDGES_HZ[1] * SPECTRUM_SAMPLES / RATE_HZ) + 1
)
