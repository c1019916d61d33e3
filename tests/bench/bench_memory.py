"""How much memory the device needs beside bare Vosk, and whether it grows.

The device is several processes that share the model. So the figure with a bar counts every page once (PSS); the sum
of the resident sets, which counts shared pages once for each process, is shown as well.

Growth is measured twice: over calls one after the other, as on a working day, and over one call that does not end.
"""

import statistics
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from appliance.adapters.recording import Recording
from tests.bench import audio, device, hearing
from tests.bench.bench_recognition import KOREAN, plain
from tests.bench.options import Options, say
from tests.bench.processes import Memory, Program, Usage
from tests.bench.rows import Row, row

MIB: Final = 1 << 20

PEER: Final = "plain Vosk"

PEAK_BAR: Final = "ratio <= 1.25"

GROWTH_BAR: Final = "value <= 20"
"""MiB in an hour of calls: a week of full working days stays below a GiB."""

PARTS: Final = 8
"""Of each half, of which the median counts."""

WARM_UP: Final = 0.2
"""Part of the run that is left out of the growth: caches and arenas fill once."""


def rows(options: Options) -> list[Row]:
    """Measure one call, then calls one after the other, then a long one."""
    model = hearing.choose(KOREAN, "ko", "vosk").folder
    with tempfile.TemporaryDirectory() as folder:
        return [
            *_peak_rows(Path(folder), model),
            *_calls_rows(Path(folder), options.minutes),
            *_long_call_rows(Path(folder), model, options.minutes),
        ]


def _peak_rows(folder: Path, model: Path) -> Iterator[Row]:
    say(f"{KOREAN.name}: plain Vosk, then the device")
    theirs = plain(model, KOREAN).finish(memory=True)
    ours = _run(folder, KOREAN)
    pss, rss = theirs.peak_pss_bytes / MIB, theirs.peak_rss_bytes / MIB
    yield row("memory.peak_pss", ours.peak_pss_bytes / MIB, "MiB", peer=PEER, peer_value=pss, bar=PEAK_BAR)
    yield row("memory.peak_rss_sum", ours.peak_rss_bytes / MIB, "MiB", peer=PEER, peer_value=rss)


def _calls_rows(folder: Path, minutes: float) -> Iterator[Row]:
    call_minutes = Recording(KOREAN).duration_s / 60
    count = round(minutes / call_minutes) + 1
    say(f"{count} calls one after the other ({count * call_minutes:.0f} minutes)")
    with tempfile.TemporaryDirectory(dir=folder) as state:
        program = ["-m", "tests.bench.many_calls", str(_settings(Path(state), KOREAN)), str(count)]
        used = Program(program, device.READY).finish(memory=True)
    growth = _growth(used.memory, count * call_minutes / 60)
    yield row("memory.growth_over_calls", growth, "MiB per hour", bar=GROWTH_BAR)


def _long_call_rows(folder: Path, model: Path, minutes: float) -> Iterator[Row]:
    """For information: a recognizer keeps what it has computed of its graph, whoever runs it."""
    recording = folder / "long.wav"
    hours = audio.repeated(KOREAN, recording, minutes) / 60
    say(f"one call of {hours * 60:.0f} minutes: plain Vosk, then the device")
    theirs = _growth(plain(model, recording).finish(memory=True).memory, hours)
    ours = _growth(_run(folder, recording).memory, hours)
    yield row("memory.growth_in_a_long_call", ours, "MiB per hour", peer=PEER, peer_value=theirs)


def _run(folder: Path, recording: Path) -> Usage:
    with tempfile.TemporaryDirectory(dir=folder) as state:
        return device.start(_settings(Path(state), recording)).finish(memory=True)


def _settings(state: Path, recording: Path) -> Path:
    return device.write_settings(state, recording, language="ko", engine="vosk", pace="fast")


def _growth(memory: Sequence[Memory], hours: float) -> float:
    """Give by how much the peaks of the run's second half lie above those of the first, in MiB per hour of audio.

    The peak of a half is the median of its parts' peaks: a single reading between two processes is no growth.
    """
    end_s = memory[-1].at_s
    middle_s = end_s * (1 + WARM_UP) / 2
    first, second = _peak(memory, WARM_UP * end_s, middle_s), _peak(memory, middle_s, end_s)
    return (second - first) / MIB / (hours * (1 - WARM_UP) / 2)


def _peak(memory: Sequence[Memory], begin_s: float, end_s: float) -> float:
    part_s = (end_s - begin_s) / PARTS
    highest = dict[int, int]()
    for reading in memory:
        if begin_s <= reading.at_s < end_s:
            part = int((reading.at_s - begin_s) / part_s)
            highest[part] = max(highest.get(part, 0), reading.pss_bytes)
    return statistics.median(highest.values())
