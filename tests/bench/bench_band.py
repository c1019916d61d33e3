"""How often the band meter is wrong, on every recording of a folder in both bands, and what it costs.

Every channel is measured as it is and, where it is wide by its rate, a second time through a telephone: 300-3400 Hz, 8
kHz, µ-law. By its rate a recording may be called wide that somebody made from a narrow one; such a one counts as wrong
here. Recordings with less speech than the meter needs decide nothing: those of one folder are joined, ten seconds at a
time, and measured together.
"""

import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from appliance.adapters.recording import Recording
from appliance.adapters.vad import VoiceDetector
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ, Band
from appliance.speech.band import BandMeter
from appliance.speech.frames import FRAME_SAMPLES, Frame
from tests.bench.bench_recognition import CALLS
from tests.bench.options import Options, say
from tests.bench.rows import Row, row

Audio = NDArray[np.float64]

SHORTEST_S: Final = 10
"""Of what is measured at once: long enough for two seconds of speech and a change of mind."""

TELEPHONE_HZ: Final = (300, 3400)
FILTER_TAPS: Final = 257
"""At 16 kHz: slopes of 200 Hz, as steep as those of a telephone's codec."""

WRONG_BAR: Final = "value <= 0.01"
CPU_BAR: Final = "value <= 0.3"


class Side(NamedTuple):
    """One voice and what it carries."""

    name: str
    band: Band
    audio: Audio


class Outcome(NamedTuple):
    """What the meter made of a side; `bands` are all its answers in order."""

    side: Side
    bands: list[Band | None]
    cpu_s: float
    frames: int


def rows(options: Options) -> list[Row]:
    """Measure the shipped calls and the recordings in `data` and the folders below it."""
    files = sorted(CALLS.glob("*.wav")) + (sorted(options.data.rglob("*.wav")) if options.data else [])
    outcomes = [_measure(side) for side in _sides(files)]
    decided = [outcome for outcome in outcomes if outcome.bands]
    wrong = [outcome for outcome in decided if {*outcome.bands} != {outcome.side.band}]
    for outcome in wrong:
        say(f"{outcome.side.name}: {outcome.side.band} was measured as {outcome.bands}")
    cpu_ms = 1000 * sum(outcome.cpu_s for outcome in outcomes) / sum(outcome.frames for outcome in outcomes)
    return [
        row("band.wrong", len(wrong) / len(decided), "of decisions", bar=WRONG_BAR),
        row("band.decided", len(decided), f"of {len(outcomes)} recordings"),
        row("band.cpu_per_frame", cpu_ms, "ms", bar=CPU_BAR),
    ]


def _sides(files: list[Path]) -> Iterator[Side]:
    for folder, together in groupby(files, key=lambda file: file.parent):
        say(f"{folder}: the band meter")
        short: dict[Band, list[Audio]] = {"narrow": [], "wide": []}
        for file in together:
            for side in _channels(file):
                if len(side.audio) >= SHORTEST_S * SAMPLE_RATE_HZ:
                    yield from _in_both_bands(side)
                    continue
                short[side.band].append(side.audio)
                if sum(map(len, short[side.band])) >= SHORTEST_S * SAMPLE_RATE_HZ:
                    yield from _in_both_bands(side._replace(audio=np.concatenate(short[side.band])))
                    short[side.band].clear()


def _channels(file: Path) -> Iterator[Side]:
    try:
        line = Recording(file)
    except BadInputError as error:
        say(f"{file.name} left out: {error.what}")
        return
    steps = list(line.frames())
    for channel, who in enumerate(line.sides):
        pcm = b"".join(step[channel].pcm for step in steps)
        yield Side(f"{file.name} ({who})", line.band, np.frombuffer(pcm, "<i2").astype(np.float64))


def _in_both_bands(side: Side) -> Iterator[Side]:
    yield side
    if side.band == "wide":
        yield Side(f"{side.name}, through a telephone", "narrow", telephone(side.audio))


def telephone(audio: Audio) -> Audio:
    """Give what a telephone leaves of it: 300-3400 Hz (a filter by the window method), 8 kHz, µ-law (G.711)."""
    at = np.arange(FILTER_TAPS) - FILTER_TAPS // 2
    low, high = (2 * hz / SAMPLE_RATE_HZ for hz in TELEPHONE_HZ)
    shape = (high * np.sinc(high * at) - low * np.sinc(low * at)) * np.hamming(FILTER_TAPS)
    narrow = soxr.resample(np.convolve(audio, shape, "same"), SAMPLE_RATE_HZ, 8000)
    level = np.log1p(255 * np.minimum(np.abs(narrow) / 32768, 1)) / np.log(256)
    coded = np.sign(narrow) * np.expm1(np.round(level * 127) / 127 * np.log(256)) / 255 * 32768
    back: Audio = soxr.resample(coded, 8000, SAMPLE_RATE_HZ)
    return back


def _measure(side: Side) -> Outcome:
    meter, detector, bands = BandMeter(), VoiceDetector(), list[Band | None]()
    pcm = np.clip(np.round(side.audio), -32768, 32767).astype("<i2")
    steps = [
        Frame("caller", at, pcm[at : at + FRAME_SAMPLES].tobytes())
        for at in range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES)
    ]
    voiced = [detector.is_voiced(frame) for frame in steps]
    began_s = time.process_time()
    for frame, is_voiced in zip(steps, voiced, strict=True):
        if meter.receive_frame(frame, voiced=is_voiced):
            bands.append(meter.band)
    return Outcome(side, bands, time.process_time() - began_s, len(steps))
