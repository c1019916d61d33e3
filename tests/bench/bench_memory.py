"""How much memory the device needs beside bare Vosk, and whether it grows from call to call.

The device is several processes that share the model. So the figure with a bar counts every page once (PSS); the sum
of the resident sets, which counts shared pages once for each process, is shown as well.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from tests.bench import audio, device, hearing
from tests.bench.bench_recognition import KOREAN, plain
from tests.bench.options import Options, say
from tests.bench.processes import Memory, Usage
from tests.bench.rows import Row, row

MIB: Final = 1 << 20

PEAK_BAR: Final = "ratio <= 1.25"

GROWTH_BAR: Final = "value <= 20"
"""MiB in an hour of calls: less than a tenth of a small board's memory in a week of full working days."""

WARM_UP: Final = 0.3
"""Part of the run that is left out of the growth: caches and arenas fill once."""


def rows(options: Options) -> list[Row]:
    """Measure one call, then many without a break."""
    engine = hearing.choose(KOREAN, "ko", "vosk")
    say(f"{KOREAN.name}: plain Vosk, then the device")
    theirs = plain(engine.folder, KOREAN).finish(memory=True)
    ours = _run(KOREAN)
    return [*_peak_rows(ours, theirs), *_growth_rows(options)]


def _run(recording: Path) -> Usage:
    with tempfile.TemporaryDirectory() as folder:
        settings = device.write_settings(Path(folder), recording, language="ko", engine="vosk", pace="fast")
        return device.start(settings).finish(memory=True)


def _peak_rows(ours: Usage, theirs: Usage) -> Iterator[Row]:
    pss, rss = theirs.peak_pss_bytes / MIB, theirs.peak_rss_bytes / MIB
    peer = "plain Vosk"
    yield row("memory.peak_pss", ours.peak_pss_bytes / MIB, "MiB", peer=peer, peer_value=pss, bar=PEAK_BAR)
    yield row("memory.peak_rss_sum", ours.peak_rss_bytes / MIB, "MiB", peer=peer, peer_value=rss)


def _growth_rows(options: Options) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "calls.wav"
        minutes = audio.repeated(KOREAN, recording, options.minutes)
        say(f"{minutes:.0f} minutes of calls in one run of the device")
        used = _run(recording)
    yield row("memory.growth", _growth(used.memory, minutes / 60) / MIB, "MiB per hour of calls", bar=GROWTH_BAR)
    yield row("memory.growth_measured_over", minutes, "min")


def _growth(memory: Sequence[Memory], hours: float) -> float:
    """Give the slope of the line through the readings, in bytes per hour of audio; the run's ends are left out."""
    end_s = memory[-1].at_s
    kept = [reading for reading in memory if WARM_UP * end_s <= reading.at_s <= 0.98 * end_s]
    slope, _ = np.polyfit([reading.at_s for reading in kept], [reading.pss_bytes for reading in kept], 1)
    return float(slope) * end_s / hours
