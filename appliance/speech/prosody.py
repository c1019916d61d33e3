"""Prosody: what a stretch of speech sounds like, as numbers that no gain changes.

Each measure is taken over one stretch: the newest speech on a device, a whole recording or a part of it in the
fitting. `MEASURES` describes them: unit, the hops they stand on, and where each comes from. Levels enter as
differences only. They are what was left of 44 measures after each had been left out in turn, and stayed out where
the model then did better for the speakers of EmoDB that it was not fitted to, over plain and coloured lines.
"""

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.speech.pitch import Values
from appliance.speech.voice import BANDS, Hops

Group = Literal["pitch", "brightness", "tone", "dynamics", "pace"]

PERIODIC: Final = 0.3
"""Aperiodicity up to which a hop has a pitch: so 98 % of the pitches on a telephone are right."""

QUIET_DB: Final = 30.0
"""What lies that far below the loudest hops of the stretch is echo or noise that the detector took for speech."""

FEWEST_PERIODIC: Final = 5
"""With fewer there is no pitch to speak of, and all of the speech stands for it."""

REFERENCE_HZ: Final = 100.0
LOWER_BANDS: Final = 6
"""These end at 1 kHz, where the alpha ratio divides (Sundberg and Nordenberg, 2006)."""

ORDERS: Final = 7
"""Cepstra that are computed; higher ones tell of the pitch."""

MEAN_ORDERS: Final = (3, 4, 7)
SPREAD_ORDERS: Final = (1, 2, 5, 6)
REST_ORDERS: Final = (1, 2, 3, 5, 7)
"""Cepstra that are kept of the periodic hops, of their spread, and of the speech without a pitch."""


class Measure(NamedTuple):
    """One number of a stretch of speech."""

    name: str
    group: Group
    unit: str
    source: str


_EGEMAPS: Final = "Eyben et al., 2016, the Geneva minimalistic acoustic parameter set"
_DAVIS: Final = "Davis and Mermelstein, 1980"
_BANSE: Final = "Banse and Scherer, 1996"

MEASURES: Final[tuple[Measure, ...]] = (
    Measure("pitch_low", "pitch", "semitones above 100 Hz, 20th percentile of the periodic hops", _EGEMAPS),
    Measure("pitch_median", "pitch", "semitones above 100 Hz, median of the periodic hops", _EGEMAPS),
    Measure("level_spread", "dynamics", "dB, standard deviation over the speech", _BANSE),
    Measure("run_length", "pace", "natural logarithm of the mean number of hops in a periodic run", _EGEMAPS),
    Measure("alpha_high", "brightness", "dB, 1-3.4 kHz over 0.3-1 kHz, 80th percentile of the periodic hops", _EGEMAPS),
    Measure("flux", "tone", "dB, mean change of a band against all from hop to hop of speech", _EGEMAPS),
    *(Measure(f"cepstrum_{k}", "tone", "dB, mean of the periodic hops", _DAVIS) for k in MEAN_ORDERS),
    *(Measure(f"cepstrum_{k}_spread", "tone", "dB, deviation of the periodic hops", _DAVIS) for k in SPREAD_ORDERS),
    *(Measure(f"cepstrum_{k}_rest", "tone", "dB, mean of the speech without a pitch", _DAVIS) for k in REST_ORDERS),
)

Mask = NDArray[np.bool_]


def measure(hops: Hops) -> Values:
    """Give all `MEASURES` of a stretch in their order. It must hold at least one voiced hop."""
    speech = hops.voiced & (hops.level_db > np.percentile(hops.level_db[hops.voiced], 95) - QUIET_DB)
    periodic = speech & (hops.aperiodicity < PERIODIC)
    if np.count_nonzero(periodic) < FEWEST_PERIODIC:
        periodic = speech
    semitones = 12 * np.log2(np.maximum(hops.f0_hz[periodic], 1.0) / REFERENCE_HZ)
    low, median = np.percentile(semitones, (20, 50))
    runs = np.count_nonzero(periodic[1:] & ~periodic[:-1]) + int(periodic[0])
    length = np.log(np.count_nonzero(periodic) / runs)
    brightness = _alpha_high(hops.bands_db[periodic])
    simple = [low, median, hops.level_db[speech].std(), length, brightness, _flux(hops.bands_db, speech)]
    return np.concatenate((simple, _cepstra(hops.bands_db, speech, periodic)))


def _alpha_high(bands_db: Values) -> float:
    powers = 10 ** (bands_db / 10)
    ratios = powers[:, LOWER_BANDS:].sum(axis=1) / powers[:, :LOWER_BANDS].sum(axis=1)
    return float(10 * np.log10(np.percentile(ratios, 80)))


def _flux(bands_db: Values, speech: Mask) -> float:
    changes = np.diff(bands_db, axis=0)[speech[1:] & speech[:-1]]
    return float(np.abs(changes - changes.mean(axis=1, keepdims=True)).mean()) if changes.size else 0.0


def _cepstra(bands_db: Values, speech: Mask, periodic: Mask) -> Values:
    rest = speech & ~periodic
    inside = bands_db[periodic] @ _COSINES
    outside = bands_db[rest if rest.any() else speech] @ _COSINES
    means, spreads, others = inside.mean(axis=0), inside.std(axis=0), outside.mean(axis=0)
    return np.concatenate((means[_at(MEAN_ORDERS)], spreads[_at(SPREAD_ORDERS)], others[_at(REST_ORDERS)]))


def _at(orders: tuple[int, ...]) -> list[int]:
    return [order - 1 for order in orders]


_COSINES: Final[Values] = (
    2 / BANDS * np.cos(np.pi * (np.arange(BANDS)[:, None] + 0.5) * np.arange(1, ORDERS + 1) / BANDS)
)
