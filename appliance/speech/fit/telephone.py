"""The telephone that every recording is heard through: its band, its noise, G.711."""

from typing import Final, NamedTuple

import numpy as np
import soxr

from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.pitch import Values
from appliance.telephony.codecs import decode_ulaw

RATE_HZ: Final = 8_000


class Line(NamedTuple):
    """One telephone line; the tilt turns about 1 kHz, the noise is of full scale."""

    low_hz: float = 300.0
    high_hz: float = 3400.0
    tilt_db_per_octave: float = 0.0
    noise_dbfs: float = -75.0


PLAIN: Final = Line()
"""A good line, as the benchmark has it."""

STEEPNESS: Final = 8
"""Of the band's edges, the order of a Butterworth filter: the slopes of a telephone's codec."""


def draw_line(chance: np.random.Generator) -> Line:
    """Draw a line as they differ from each other: where the band ends, its colour, its noise."""
    return Line(
        low_hz=chance.uniform(150, 380),
        high_hz=chance.uniform(3100, 3700),
        tilt_db_per_octave=chance.normal(0, 1.2),
        noise_dbfs=chance.uniform(-75, -50),
    )


def through(line: Line, audio: Values, seed: int) -> Values:
    """Give audio of 16 bits' scale at 16 kHz as it comes out of the line, at 16 kHz again; `seed` is for its noise."""
    narrow = _shaped(line, soxr.resample(audio, SAMPLE_RATE_HZ, RATE_HZ))
    noise = np.random.default_rng(seed).normal(0, 32768 * 10 ** (line.noise_dbfs / 20), len(narrow))
    coded = _CODES[np.searchsorted((_CODES[1:] + _CODES[:-1]) / 2, narrow + noise)]
    back: Values = soxr.resample(coded, RATE_HZ, SAMPLE_RATE_HZ)
    return back


def _shaped(line: Line, audio: Values) -> Values:
    hz = np.maximum(np.fft.rfftfreq(len(audio), 1 / RATE_HZ), 1.0)
    gain = 1 / np.sqrt(1 + (line.low_hz / hz) ** (2 * STEEPNESS)) / np.sqrt(1 + (hz / line.high_hz) ** (4 * STEEPNESS))
    gain *= 10 ** (line.tilt_db_per_octave * np.log2(np.maximum(hz, 100) / 1000) / 20)
    shaped: Values = np.fft.irfft(np.fft.rfft(audio) * gain, len(audio))
    return shaped


_CODES: Final = np.unique(decode_ulaw(bytes(range(256)))).astype(np.float64)
