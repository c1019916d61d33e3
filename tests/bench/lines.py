"""The same call over worse lines: A-law, lost packets, noise. Seeded, so that every run hears the same."""

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from appliance.telephony.codecs import decode_alaw

Audio = NDArray[np.float64]
"""Samples of one side, of full scale 32768."""

PACKET_MS: Final = 20
SPEECH_DB: Final = 25.0
"""Blocks that far below the loudest are pauses: noise is measured against speech alone."""

BLOCK_MS: Final = 20


def over_line(source: Path, target: Path, line: Callable[[Audio, int, np.random.Generator], Audio]) -> Path:
    """Write the recording with each side sent over `line` (audio, sample rate, chance), and give the new file."""
    with wave.open(str(source)) as call:
        parameters, rate_hz = call.getparams(), call.getframerate()
        audio = np.frombuffer(call.readframes(parameters.nframes), "<i2").reshape(-1, parameters.nchannels)
    sides = [
        line(audio[:, side].astype(np.float64), rate_hz, np.random.default_rng(side)) for side in range(audio.shape[1])
    ]
    with wave.open(str(target), "wb") as out:
        out.setparams(parameters)
        out.writeframes(np.clip(np.round(np.stack(sides, axis=1)), -32768, 32767).astype("<i2").tobytes())
    return target


def alaw(audio: Audio, _rate_hz: int, _chance: np.random.Generator) -> Audio:
    """Give each sample the nearest value of A-law."""
    values = np.unique(decode_alaw(bytes(range(256)))).astype(np.float64)
    coded: Audio = values[np.searchsorted((values[1:] + values[:-1]) / 2, audio)]
    return coded


def losing(share: float) -> Callable[[Audio, int, np.random.Generator], Audio]:
    """Replace this share of the packets by silence."""

    def line(audio: Audio, rate_hz: int, chance: np.random.Generator) -> Audio:
        length = rate_hz * PACKET_MS // 1000
        kept = chance.random(len(audio) // length + 1) >= share
        return audio * np.repeat(kept, length)[: len(audio)]

    return line


def noisy(below_speech_db: float) -> Callable[[Audio, int, np.random.Generator], Audio]:
    """Add white noise over the whole band, so many decibels below the level of the speech."""

    def line(audio: Audio, rate_hz: int, chance: np.random.Generator) -> Audio:
        length = rate_hz * BLOCK_MS // 1000
        power = (audio[: len(audio) // length * length].reshape(-1, length) ** 2).mean(axis=1)
        speech = power[power > power.max() / 10 ** (SPEECH_DB / 10)].mean()
        return audio + chance.normal(0, np.sqrt(speech / 10 ** (below_speech_db / 10)), len(audio))

    return line


def band_limited(band_hz: tuple[int, int]) -> Callable[[Audio, int, np.random.Generator], Audio]:
    """Cut off sharply what lies outside of the band."""

    def line(audio: Audio, rate_hz: int, _chance: np.random.Generator) -> Audio:
        spectrum, hz = np.fft.rfft(audio), np.fft.rfftfreq(len(audio), 1 / rate_hz)
        spectrum[(hz < band_hz[0]) | (hz > band_hz[1])] = 0
        cut: Audio = np.fft.irfft(spectrum, len(audio))
        return cut

    return line
