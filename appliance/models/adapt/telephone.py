"""What a telephone line does to a voice: the band, the codec, noise, lost packets. Seeded chance, values in and out."""

from typing import Final, NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from appliance.telephony.codecs import decode_alaw, decode_ulaw

Audio = NDArray[np.float64]
"""Samples between -1 and 1."""

WIDE_HZ: Final = 16000
LINE_HZ: Final = 8000
PACKET_SAMPLES: Final = 160
"""20 ms, what RTP commonly carries."""


class Line(NamedTuple):
    """One telephone line. Levels are of full scale; `order` is the steepness, 0 for a brick wall."""

    low_hz: float
    high_hz: float
    order: int
    tilt_db_per_octave: float
    noise_dbfs: float
    codec: str
    lost: float
    """The share of packets that never arrive."""
    converter_dbfs: float
    """Noise of the converter that the box hears a line through, over the whole of its band."""


def draw_line(chance: np.random.Generator, *, clean: bool = False) -> Line:
    """Draw a line: most cut at 300 Hz, some (voice over IP) do not; a few are noisy or lose packets.

    A `clean` line has neither noise that one hears nor losses. Most stay digital to the end, some end at a sound card.
    """
    low_hz, high_hz = chance.uniform(200, 380), chance.uniform(3200, 3750)
    if chance.random() < 0.3:
        low_hz, high_hz = chance.uniform(30, 200), chance.uniform(3300, 3900)
    noisy = not clean and chance.random() < 0.35
    return Line(
        low_hz=low_hz,
        high_hz=high_hz,
        order=0 if chance.random() < 0.4 else int(chance.integers(2, 9)),
        tilt_db_per_octave=chance.normal(0, 2.1) if chance.random() < 0.6 else 0.0,
        noise_dbfs=chance.uniform(-58, -38) if noisy else chance.uniform(-80, -58),
        codec=str(chance.choice(["ulaw", "alaw", "none"], p=[0.45, 0.4, 0.15])),
        lost=0.0 if clean or chance.random() < 0.7 else chance.uniform(0.01, 0.06),
        converter_dbfs=-np.inf if clean or chance.random() < 0.7 else chance.uniform(-98, -75),
    )


def through(line: Line, audio: Audio, chance: np.random.Generator) -> Audio:
    """Give 16 kHz audio as it comes out of the line, resampled to 16 kHz again; nothing is shifted in time."""
    narrow = _shaped(line, soxr.resample(audio, WIDE_HZ, LINE_HZ))
    narrow = narrow + chance.normal(0, 10 ** (line.noise_dbfs / 20), len(narrow))
    narrow = _coded(line.codec, np.clip(narrow, -1, 1))
    _lose(line.lost, narrow, chance)
    wide: Audio = soxr.resample(narrow, LINE_HZ, WIDE_HZ)
    wide = wide + chance.normal(0, 10 ** (line.converter_dbfs / 20), len(wide))
    return np.pad(wide, (0, max(0, len(audio) - len(wide))))[: len(audio)]


def _shaped(line: Line, audio: Audio) -> Audio:
    """Filter without delay: what reaches the features of speech is the magnitude alone."""
    hz = np.fft.rfftfreq(len(audio), 1 / LINE_HZ)
    if line.order:
        gain = 1 / np.sqrt(1 + (line.low_hz / np.maximum(hz, 1)) ** (2 * line.order))
        gain /= np.sqrt(1 + (hz / line.high_hz) ** (4 * line.order))
    else:
        gain = ((hz > line.low_hz) & (hz < line.high_hz)).astype(np.float64)
    gain *= 10 ** (line.tilt_db_per_octave * np.log2(np.maximum(hz, 100) / 1000) / 20)
    shaped: Audio = np.fft.irfft(np.fft.rfft(audio) * gain, len(audio))
    return shaped


def _coded(codec: str, audio: Audio) -> Audio:
    """Give each sample the nearest value that the codec knows."""
    if codec == "none":
        return np.round(audio * 32768) / 32768
    values = _VALUES[codec]
    return values[np.searchsorted((values[1:] + values[:-1]) / 2, audio)].copy()


def _lose(share: float, audio: Audio, chance: np.random.Generator) -> None:
    packets = audio[: len(audio) // PACKET_SAMPLES * PACKET_SAMPLES].reshape(-1, PACKET_SAMPLES)
    packets[chance.random(len(packets)) < share] = 0.0


_ALL_CODES: Final = bytes(range(256))
_VALUES: Final = {
    "ulaw": np.unique(decode_ulaw(_ALL_CODES)) / 32768,
    "alaw": np.unique(decode_alaw(_ALL_CODES)) / 32768,
}
