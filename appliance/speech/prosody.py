"""Prosody: what a stretch of speech sounds like, as numbers that no gain changes.

Each measure is taken over one stretch: the last two seconds of speech on a device, a whole recording in the fitting.
`MEASURES` describes them: unit, the hops they stand on, and where each comes from. Levels enter as differences only.
"""

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.speech.pitch import Values
from appliance.speech.voice import BANDS, HOP_MS, Hops

Group = Literal["pitch", "melody", "brightness", "tone", "dynamics", "pace"]

PERIODIC: Final = 0.3
"""Aperiodicity up to which a hop has a pitch: twice YIN's threshold, for a telephone's noise and lost fundamentals."""

QUIET_DB: Final = 30.0
"""What lies that far below the loudest hops of the stretch is echo or noise that the detector took for speech."""

FEWEST_PERIODIC: Final = 5
"""With fewer there is no pitch to speak of, and all of the speech stands for it."""

REFERENCE_HZ: Final = 100.0
LARGEST_STEP: Final = 6.0
"""Semitones from one hop to the next; more is a mistake of an octave, or another sound."""

CEPSTRA: Final = 7
LOWER_BANDS: Final = 6
"""These end at 1 kHz, where the alpha ratio divides (Sundberg and Nordenberg, 2006)."""

HAMMARBERG_BANDS: Final = 9
"""These end at 2 kHz, where the Hammarberg index divides (Hammarberg et al., 1980)."""


class Measure(NamedTuple):
    """One number of a stretch of speech."""

    name: str
    group: Group
    unit: str
    source: str


_EGEMAPS: Final = "Eyben et al., 2016, the Geneva minimalistic acoustic parameter set"
_DAVIS: Final = "Davis and Mermelstein, 1980"
_BANSE: Final = "Banse and Scherer, 1996"
_ORDERS: Final = range(1, CEPSTRA + 1)

MEASURES: Final[tuple[Measure, ...]] = (
    Measure("pitch_low", "pitch", "semitones above 100 Hz, 20th percentile of the periodic hops", _EGEMAPS),
    Measure("pitch_median", "pitch", "semitones above 100 Hz, median of the periodic hops", _EGEMAPS),
    Measure("pitch_high", "pitch", "semitones above 100 Hz, 80th percentile of the periodic hops", _EGEMAPS),
    Measure("pitch_range", "melody", "semitones, 20th to 80th percentile of the periodic hops", _EGEMAPS),
    Measure("pitch_spread", "melody", "semitones, standard deviation over the periodic hops", _BANSE),
    Measure("pitch_step", "melody", "semitones, mean size of the step between periodic hops", _EGEMAPS),
    Measure("pitch_rise", "melody", "semitones, mean step upwards between periodic hops", _EGEMAPS),
    Measure("pitch_fall", "melody", "semitones, mean step downwards between periodic hops", _EGEMAPS),
    Measure("aperiodicity", "tone", "0 to 1, mean over the speech", "de Cheveigné and Kawahara, 2002"),
    Measure("periodic_share", "pace", "part of the speech's hops that are periodic", _EGEMAPS),
    Measure("level_range", "dynamics", "dB, 20th to 80th percentile of the speech", _EGEMAPS),
    Measure("level_spread", "dynamics", "dB, standard deviation over the speech", _BANSE),
    Measure("level_top", "dynamics", "dB, median to 90th percentile of the speech", _BANSE),
    Measure("level_step", "dynamics", "dB, mean size of the step between hops of speech", _EGEMAPS),
    Measure("stretch_length", "pace", "natural logarithm of the mean number of hops in a periodic run", _EGEMAPS),
    Measure("stretch_rate", "pace", "periodic runs in a second of speech", _EGEMAPS),
    Measure("alpha_ratio", "brightness", "dB, 1-3.4 kHz over 0.3-1 kHz, mean of the periodic hops", _EGEMAPS),
    Measure("alpha_high", "brightness", "dB, 80th percentile of the same", _EGEMAPS),
    Measure("alpha_spread", "brightness", "dB, standard deviation of the same", _EGEMAPS),
    Measure(
        "hammarberg", "brightness", "dB, peak below 2 kHz over the peak above, mean of the periodic hops", _EGEMAPS
    ),
    Measure("centroid", "brightness", "bands, centre of the power, mean of the periodic hops", _BANSE),
    Measure("centroid_spread", "brightness", "bands, standard deviation of the same", _BANSE),
    Measure("flux", "tone", "dB, mean change of a band against all from hop to hop of speech", _EGEMAPS),
    *(Measure(f"cepstrum_{k}", "tone", "dB, mean of the periodic hops", _DAVIS) for k in _ORDERS),
    *(Measure(f"cepstrum_{k}_spread", "tone", "dB, standard deviation of the periodic hops", _DAVIS) for k in _ORDERS),
    *(Measure(f"cepstrum_{k}_rest", "tone", "dB, mean of the speech without a pitch", _DAVIS) for k in _ORDERS),
)

Mask = NDArray[np.bool_]


def measure(hops: Hops) -> Values:
    """Give all `MEASURES` of a stretch in their order. It must hold at least one voiced hop."""
    speech = hops.voiced & (hops.level_db > np.percentile(hops.level_db[hops.voiced], 95) - QUIET_DB)
    periodic = speech & (hops.aperiodicity < PERIODIC)
    if np.count_nonzero(periodic) < FEWEST_PERIODIC:
        periodic = speech
    return np.concatenate(
        (
            _pitch(hops, periodic),
            [hops.aperiodicity[speech].mean(), np.count_nonzero(periodic) / np.count_nonzero(speech)],
            _dynamics(hops, speech),
            _pace(periodic, int(np.count_nonzero(speech))),
            _brightness(hops.bands_db[periodic]),
            _tone(hops, speech, periodic),
        )
    )


def _pitch(hops: Hops, periodic: Mask) -> Values:
    semitones = 12 * np.log2(np.where(periodic, hops.f0_hz, REFERENCE_HZ) / REFERENCE_HZ)
    low, median, high = np.percentile(semitones[periodic], (20, 50, 80))
    steps = np.diff(semitones)[periodic[1:] & periodic[:-1]]
    steps = steps[np.abs(steps) < LARGEST_STEP]
    changes = [_mean(np.abs(steps)), _mean(steps[steps > 0]), _mean(steps[steps < 0])]
    return np.array([low, median, high, high - low, semitones[periodic].std(), *changes])


def _dynamics(hops: Hops, speech: Mask) -> Values:
    levels = hops.level_db[speech]
    low, median, high, top = np.percentile(levels, (20, 50, 80, 90))
    steps = np.diff(hops.level_db)[speech[1:] & speech[:-1]]
    return np.array([high - low, levels.std(), top - median, _mean(np.abs(steps))])


def _pace(periodic: Mask, speech_hops: int) -> Values:
    runs = np.count_nonzero(periodic[1:] & ~periodic[:-1]) + int(periodic[0])
    length = np.count_nonzero(periodic) / runs
    return np.array([np.log(length), runs / speech_hops * 1000 / HOP_MS])


def _brightness(bands_db: Values) -> Values:
    powers = 10 ** (bands_db / 10)
    ratio = 10 * np.log10(powers[:, LOWER_BANDS:].sum(axis=1) / powers[:, :LOWER_BANDS].sum(axis=1))
    peaks = bands_db[:, :HAMMARBERG_BANDS].max(axis=1) - bands_db[:, HAMMARBERG_BANDS:].max(axis=1)
    centres = powers @ np.arange(BANDS) / powers.sum(axis=1)
    alpha = [ratio.mean(), np.percentile(ratio, 80), ratio.std()]
    return np.array([*alpha, peaks.mean(), centres.mean(), centres.std()])


def _tone(hops: Hops, speech: Mask, periodic: Mask) -> Values:
    changes = np.diff(hops.bands_db, axis=0)[speech[1:] & speech[:-1]]
    flux = _mean(np.abs(changes - changes.mean(axis=1, keepdims=True)))
    cepstra = hops.bands_db[periodic] @ _COSINES
    rest = speech & ~periodic
    others = hops.bands_db[rest if rest.any() else speech] @ _COSINES
    return np.concatenate(([flux], cepstra.mean(axis=0), cepstra.std(axis=0), others.mean(axis=0)))


def _mean(values: Values) -> float:
    return float(values.mean()) if values.size else 0.0


_COSINES: Final[Values] = (
    2 / BANDS * np.cos(np.pi * (np.arange(BANDS)[:, None] + 0.5) * np.arange(1, CEPSTRA + 1) / BANDS)
)
