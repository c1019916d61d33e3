"""Recordings that are made for a benchmark out of the shipped ones."""

import wave
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

HOLD_S: Final = 60
COMFORT_NOISE_DBFS: Final = -60.0
"""What a telephone network fills silence with: at the level of its usual comfort noise."""

MUSIC_DBFS: Final = -24.0
"""As loud as the voices of the call."""

Hold = Literal["noise", "music"]


def with_hold(source: Path, target: Path, hold: Hold) -> None:
    """Write the call with a minute on hold in its middle: noise on the near end, noise or music on the far end."""
    with wave.open(str(source)) as call:
        rate_hz, frames = call.getframerate(), call.getnframes()
        audio = np.frombuffer(call.readframes(frames), "<i2").reshape(-1, 2)
    middle = _quietest_middle(audio, rate_hz)
    near, far = _noise(rate_hz, 1), _noise(rate_hz, 2)
    if hold == "music":
        far = far + _music(rate_hz)
    on_hold = np.stack((near, far), axis=1).astype("<i2")
    _write(target, rate_hz, np.concatenate((audio[:middle], on_hold, audio[middle:])))


def repeated(source: Path, target: Path, minutes: float) -> float:
    """Write the call again and again until it lasts at least `minutes`; gives how long it lasts, in minutes."""
    with wave.open(str(source)) as call:
        parameters, data = call.getparams(), call.readframes(call.getnframes())
    minutes_each: float = parameters.nframes / parameters.framerate / 60
    times = max(1, round(minutes / minutes_each + 0.5))
    with wave.open(str(target), "wb") as out:
        out.setparams(parameters)
        for _ in range(times):
            out.writeframesraw(data)
    return times * minutes_each


def _quietest_middle(audio: NDArray[np.int16], rate_hz: int) -> int:
    """Give the start of the quietest half second in the middle third: nobody is cut off in mid-word."""
    step = rate_hz // 2
    starts = range(len(audio) // 3, 2 * len(audio) // 3, step // 10)
    energy: NDArray[np.float64] = np.square(audio.astype(np.float64)).sum(axis=1)
    quietest = min(starts, key=lambda at: float(energy[at : at + step].sum()))
    return quietest + step // 2


def _noise(rate_hz: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0.0, 32768 * 10 ** (COMFORT_NOISE_DBFS / 20), HOLD_S * rate_hz)


def _music(rate_hz: int) -> NDArray[np.float64]:
    """Give a melody over two chords, plucked notes with overtones, as a telephone exchange plays it."""
    notes_hz = 261.63 * 2 ** (np.array([0, 4, 7, 12, 7, 4, 9, 5, 0, 5, 9, 12, 11, 7, 2, 7]) / 12)
    note = rate_hz // 2
    out = np.zeros((HOLD_S + 2) * rate_hz)
    seconds = np.arange(rate_hz) / rate_hz
    for number, at in enumerate(range(0, HOLD_S * rate_hz, note)):
        for pitch_hz in (notes_hz[number % len(notes_hz)], notes_hz[number // 4 * 4 % len(notes_hz)] / 2):
            tones = sum(np.sin(2 * np.pi * pitch_hz * part * seconds) / part**1.5 for part in (1, 2, 3, 4))
            out[at : at + rate_hz] += tones * np.exp(-2.5 * seconds)
    out = out[: HOLD_S * rate_hz]
    loud: NDArray[np.float64] = out * 32768 * 10 ** (MUSIC_DBFS / 20) / np.sqrt(np.mean(out**2))
    return np.clip(loud, -32000, 32000)


def _write(target: Path, rate_hz: int, audio: NDArray[np.int16]) -> None:
    with wave.open(str(target), "wb") as out:
        out.setnchannels(audio.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(audio.tobytes())
