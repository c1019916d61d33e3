"""Levels, and the noise floor of one side of a line."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from appliance.speech.frames import FRAME_MS

FULL_SCALE: Final = 32768.0
SILENCE_DBFS: Final = -96.0
"""What digital silence is given: one step of 16 bits."""

ABOVE_FLOOR_DB: Final = 6.0
"""Voice is at least this much louder than what the line carries without it; noise itself varies by 2 to 3 dB."""

QUIETEST_VOICE_DBFS: Final = -66.0
"""Below this nothing is voice, however quiet the line: comfort noise of telephone networks lies at -68 to -60."""

LOUDEST_START_DBFS: Final = -45.0
"""A line that begins in the middle of a word must not take the word for its noise."""

RISE_DB_PER_S: Final = 1.0
"""The floor follows a louder line slowly: the pauses within ten seconds of speech pull it back down."""


def level_dbfs(pcm: bytes) -> float:
    """Give the root-mean-square level of 16-bit audio, relative to a full-scale square wave."""
    signal = np.frombuffer(pcm, "<i2").astype(np.float32)
    return _dbfs(float(signal @ signal) / len(signal))


def levels_dbfs(frames: NDArray[np.float32]) -> list[float]:
    """Give the level of each row, as `level_dbfs` does."""
    return [_dbfs(power / frames.shape[1]) for power in np.einsum("ij,ij->i", frames, frames).tolist()]


def _dbfs(mean_square: float) -> float:
    return 10 * math.log10(mean_square / FULL_SCALE**2) if mean_square else SILENCE_DBFS


SMOOTHING: Final = 0.02
"""Of a new frame in the level of a voice: the last second of speech decides, not the last syllable."""


class VoiceLevel:
    """How loud one side speaks, over its newest second of speech; None until it has spoken."""

    def __init__(self) -> None:
        self.dbfs: float | None = None

    def receive_frame(self, pcm: bytes, *, voiced: bool) -> None:
        """Take the next frame; what is no voice says nothing."""
        if voiced:
            level = level_dbfs(pcm)
            self.dbfs = level if self.dbfs is None else self.dbfs + SMOOTHING * (level - self.dbfs)


class NoiseFloor:
    """The level of one side when nobody speaks: it falls at once and rises slowly."""

    def __init__(self) -> None:
        self.dbfs = LOUDEST_START_DBFS

    def receive_frame(self, pcm: bytes) -> bool:
        """Take the next frame and say whether it is loud enough to be voice."""
        level = level_dbfs(pcm)
        self.dbfs = min(level, self.dbfs + RISE_DB_PER_S * FRAME_MS / 1000)
        return level >= max(self.dbfs + ABOVE_FLOOR_DB, QUIETEST_VOICE_DBFS)
