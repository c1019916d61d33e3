"""A day on a tapped line, made from the shipped calls, tones, silence and music; its truth is known to the sample."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.adapters.recording import Recording
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import FRAME_SAMPLES, Frame

Signal = NDArray[np.float64]
CALLS = ("delivery_ok", "billing_dispute", "billing_ko")
ON_HOOK_RMS = 2.0
OFF_HOOK_RMS = 25.0
"""-84 and -62 dBFS: what taps on handsets carry."""


class Truth(NamedTuple):
    """Where a call began and ended, in samples of the day."""

    start_sample: int
    end_sample: int


class Day(NamedTuple):
    """The audio of both sides, agent first, and its calls."""

    audio: NDArray[np.int16]
    calls: list[Truth]

    def steps(self) -> Iterator[tuple[Frame, Frame]]:
        """Give the day as a line does."""
        for at in range(0, len(self.audio) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
            block = self.audio[at : at + FRAME_SAMPLES]
            yield Frame("agent", at, block[:, 0].tobytes()), Frame("caller", at, block[:, 1].tobytes())


def day(seed: int, calls: int = 20, off_hook_rms: float = OFF_HOOK_RMS) -> Day:
    """Script a day of so many calls."""
    random = np.random.default_rng(seed)
    voices = [voices_of(name) for name in CALLS]
    parts: list[Signal] = [_noise(random, 4.0, ON_HOOK_RMS)]
    truth: list[Truth] = []
    at = len(parts[0])
    for number in range(calls):
        call = _call(random, voices[number % len(voices)], number, off_hook_rms)
        rest = _noise(random, random.uniform(2.0, 4.0), ON_HOOK_RMS)
        over = _busy_end(number, off_hook_rms, random)
        truth.append(Truth(at, at + len(call)))
        parts += [call, over, rest]
        at += len(call) + len(over) + len(rest)
    audio = np.concatenate(parts)
    return Day(np.rint(audio).clip(-32768, 32767).astype(np.int16), truth)


def tone(seconds: float, *hz: float, level: float = 2000.0) -> Signal:
    """Give a tone of some frequencies, one channel."""
    time = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return np.asarray(sum(level * np.sin(2 * np.pi * each * time) for each in hz))


def cadence(seconds: float, turns_ms: tuple[int, ...], *hz: float) -> Signal:
    """Give a tone that sounds and pauses by turns."""
    parts, number = [np.zeros(0)], 0
    while sum(map(len, parts)) < seconds * SAMPLE_RATE_HZ:
        length = turns_ms[number % len(turns_ms)] / 1000
        parts.append(tone(length, *hz, level=2000.0 * (number % 2 == 0)))
        number += 1
    return np.concatenate(parts)


def music(random: np.random.Generator, seconds: float) -> Signal:
    """Give hold music: chords of a scale with a few partials each, one after the other without a pause."""
    parts = [np.zeros(0)]
    while sum(map(len, parts)) < seconds * SAMPLE_RATE_HZ:
        notes = 220 * 2 ** (random.choice([0, 2, 4, 5, 7, 9, 11, 12], 3) / 12)
        chord = tone(random.uniform(0.25, 0.6), *notes, *(2 * notes), *(3 * notes), level=500.0)
        parts.append(chord * np.exp(-np.arange(len(chord)) / SAMPLE_RATE_HZ))
    return np.concatenate(parts)


def _call(random: np.random.Generator, voices: Signal, number: int, off_hook_rms: float) -> Signal:
    start = round(random.uniform(1.0, 12.0) * SAMPLE_RATE_HZ)
    length = round(random.uniform(4.0, 8.0) * SAMPLE_RATE_HZ)
    said = voices[start : start + length]
    parts = [_far(cadence(4.0, (1000, 2000), 425.0))] if number % 3 == 0 else [_far(np.zeros(SAMPLE_RATE_HZ // 2))]
    parts.append(said)
    if number % 2 == 0:
        parts += [_far(music(random, 6.0)), voices[start + length : start + length + 4 * SAMPLE_RATE_HZ]]
    parts += [np.zeros((round(random.uniform(0.5, 4.0) * SAMPLE_RATE_HZ), 2)), said[: 3 * SAMPLE_RATE_HZ]]
    call = np.concatenate(parts)
    return call + _noise(random, len(call) / SAMPLE_RATE_HZ, off_hook_rms)


def _busy_end(number: int, off_hook_rms: float, random: np.random.Generator) -> Signal:
    """Every fourth caller hangs up first: the agent hears busy for a while before the handset goes down."""
    if number % 4 != 3:
        return np.zeros((0, 2))
    busy = _far(cadence(4.0, (480, 480), 425.0))
    return busy + _noise(random, len(busy) / SAMPLE_RATE_HZ, off_hook_rms)


def _far(caller: Signal) -> Signal:
    return np.stack((np.zeros(len(caller)), caller), axis=1)


def _noise(random: np.random.Generator, seconds: float, rms: float) -> Signal:
    return random.normal(0, rms, (round(seconds * SAMPLE_RATE_HZ), 2))


def voices_of(name: str) -> Signal:
    file = Path(str(resources.files("appliance") / "calls" / f"{name}.wav"))
    steps = list(Recording(file).frames())
    sides = [np.frombuffer(b"".join(step[side].pcm for step in steps), "<i2") for side in (0, 1)]
    return np.stack(sides, axis=1).astype(np.float64)
