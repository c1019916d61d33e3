"""Music as telephone exchanges play it, made of tones and noise; the same each time."""

from collections.abc import Callable
from typing import Final

import numpy as np

from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.pitch import Values

from .voices import melody, seconds

CHORDS: Final = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))
LEVEL: Final = 1_500.0
"""Root mean square, about as loud as the voices of the shipped calls."""


def piano(length_s: float) -> Values:
    """Give broken chords whose notes ring on."""
    return _played(length_s, 0.3, lambda beat: (CHORDS[beat // 8 % 4][beat % 3],), _struck)


def strings(length_s: float) -> Values:
    """Give chords that swell and tremble."""
    return _played(length_s, 0.8, lambda beat: CHORDS[beat // 2 % 4], _bowed)


def pop(length_s: float) -> Values:
    """Give chords, a bass and drums."""
    at = seconds(length_s)
    drums = np.random.default_rng(5).normal(0, 1, len(at)) * np.exp(-30 * (at % 0.5))
    kick = np.sin(2 * np.pi * 60 * at) * np.exp(-15 * (at % 1.0))
    chords = _played(length_s, 0.5, lambda beat: CHORDS[beat // 4 % 4], _struck)
    bass = _played(length_s, 0.5, lambda beat: (CHORDS[beat // 4 % 4][0] - 12,), _struck)
    return _levelled(_levelled(chords) + 0.6 * _levelled(bass) + LEVEL * (2 * drums + kick))


TUNES: Final[dict[str, Callable[[float], Values]]] = {
    "piano": piano,
    "strings": strings,
    "pop with drums": pop,
    "plucked": melody,
}


def _played(
    length_s: float,
    beat_s: float,
    chord: Callable[[int], tuple[int, ...]],
    sound: Callable[[float, float], Values],
) -> Values:
    """Give one chord for each beat; `sound` gives a note of some Hz that lasts for twice as long."""
    beat = int(beat_s * SAMPLE_RATE_HZ)
    out = np.zeros(len(seconds(length_s)) + 2 * beat)
    for number, start in enumerate(range(0, len(out) - 2 * beat, beat)):
        for step in chord(number):
            out[start : start + 2 * beat] += sound(261.63 * 2 ** (step / 12), 2 * beat_s)[: 2 * beat]
    return _levelled(out[: len(seconds(length_s))])


def _struck(pitch_hz: float, length_s: float) -> Values:
    at = seconds(length_s)
    return np.asarray(sum(np.sin(2 * np.pi * k * pitch_hz * at) * np.exp(-(2 + k) * at) / k for k in range(1, 8)))


def _bowed(pitch_hz: float, length_s: float) -> Values:
    at = seconds(length_s)
    phase = 2 * np.pi * pitch_hz * at + 0.5 * np.sin(2 * np.pi * 5 * at)
    swell = np.sin(np.pi * at / length_s)
    return np.asarray(swell * sum(np.sin(k * phase) / k for k in range(1, 10)))


def _levelled(audio: Values) -> Values:
    levelled: Values = audio * LEVEL / np.sqrt(np.mean(np.square(audio)))
    return levelled
