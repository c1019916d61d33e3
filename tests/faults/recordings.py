"""Short lines, cut out of the shipped calls."""

import wave
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np

SHORT_TURNS = (
    ("agent", 18.4, 19.3),
    ("agent", 14.5, 15.9),
    ("caller", 34.4, 35.9),
    ("caller", 40.5, 41.7),
    ("caller", 42.5, 43.7),
    ("agent", 45.4, 46.3),
)
"""Of `delivery_ok`: each recognised in a quarter of a second; the third holds a phrase."""

PAUSE_S = 0.8


def shipped(name: str) -> Path:
    return Path(str(resources.files("appliance"))) / "calls" / f"{name}.wav"


def cut(name: str, start_s: float, end_s: float, folder: Path) -> Path:
    """Cut a piece out of a shipped call, with both its channels."""
    with wave.open(str(shipped(name))) as call:
        rate_hz, sides = call.getframerate(), call.getnchannels()
        call.setpos(round(start_s * rate_hz))
        return _write(folder / f"{name}-cut.wav", call.readframes(round((end_s - start_s) * rate_hz)), rate_hz, sides)


def short_turns(folder: Path) -> Path:
    """Put short utterances together on one channel, so that a device needs one worker and soon has words."""
    return turns(SHORT_TURNS, PAUSE_S, folder / "short_turns.wav")


def turns(wanted: Sequence[tuple[str, float, float]], pause_s: float, file: Path) -> Path:
    """Put turns of `delivery_ok` on one channel, a pause behind each."""
    with wave.open(str(shipped("delivery_ok"))) as call:
        rate_hz = call.getframerate()
        sides = np.frombuffer(call.readframes(call.getnframes()), "<i2").reshape(-1, 2)
    pieces = []
    for who, start_s, end_s in wanted:
        channel = ("agent", "caller").index(who)
        pieces += [sides[round(start_s * rate_hz) : round(end_s * rate_hz), channel]]
        pieces += [np.zeros(round(pause_s * rate_hz), "<i2")]
    return _write(file, np.concatenate(pieces).tobytes(), rate_hz, channels=1)


def without_a_model(folder: Path) -> Path:
    """Give a line that no German model hears (none is made for a telephone): it starts at once, without words."""
    with wave.open(str(shipped("delivery_ok"))) as call:
        return _write(folder / "without_a_model.wav", call.readframes(10 * call.getframerate()), call.getframerate(), 2)


def _write(file: Path, pcm: bytes, rate_hz: int, channels: int) -> Path:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(pcm)
    return file
