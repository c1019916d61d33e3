"""The tones of a telephone network: dial, ringing, busy and reorder, by how long they sound and pause.

Which of them it is lies in the cadence, not in the pitch: in most countries all are 425 Hz. The cadences are those of
ITU-T E.180 and its supplement 2; a few stand for many countries.
"""

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.events import SAMPLE_RATE_HZ

Tone = Literal["dial", "ringing", "busy", "reorder"]

FRAME_MS: Final = 20
QUIETEST_DBFS: Final = -55.0
"""Networks give their tones at -10 to -25 dBm0; on a quiet tap they still stand well above its noise."""

BAND_HZ: Final = (300.0, 700.0)
"""All tones of E.180 but a few ringing tones modulated by 25 or 50 Hz lie here, with their side bands."""

FEWEST_IN_BAND: Final = 0.96
"""Part of a frame's power: a voice has its own pitch below the band and its formants above."""

FLICKER_MS: Final = 40
"""A change that lasts no longer is an edge that fell into a frame, or a click."""

DIAL_MS: Final = 2_400
"""Longer without a pause is no ringing tone any more: the longest sounds for two seconds."""

TOLERANCE: Final = 0.18
"""By which networks miss their own figures, E.180 allowing 10 %, and a frame at each end."""


class Cadence(NamedTuple):
    """Sound and pause by turns, in milliseconds, sound first."""

    tone: Tone
    turns_ms: tuple[int, ...]
    where: str


CADENCES: Final = (
    Cadence("busy", (500, 500), "United States, France, Japan, Korea"),
    Cadence("busy", (480, 480), "Germany"),
    Cadence("busy", (375, 375), "United Kingdom"),
    Cadence("busy", (200, 200), "Spain"),
    Cadence("reorder", (250, 250), "United States, Switzerland, Sweden"),
    Cadence("reorder", (240, 240), "Germany"),
    Cadence("reorder", (400, 350, 225, 525), "United Kingdom"),
    Cadence("ringing", (2000, 4000), "United States"),
    Cadence("ringing", (1000, 4000), "Germany, Italy"),
    Cadence("ringing", (1500, 3500), "France, Spain"),
    Cadence("ringing", (1000, 2000), "Japan, Korea"),
    Cadence("ringing", (400, 200, 400, 2000), "United Kingdom, Australia"),
)

SHORTEST_MS: Final = min(min(cadence.turns_ms) for cadence in CADENCES) * (1 - TOLERANCE) - FRAME_MS
"""Of a turn that may belong to any of them; what a voice makes is mostly shorter."""

FEWEST_TURNS: Final = 3
"""Sound, pause, sound: what a word and its echo hardly make. A ringing tone is known by its first long pause."""


LOOK_EVERY: Final = 5
"""Frames: a tenth of a second later is early enough to know that a telephone rings."""

LONGEST_PAUSE_MS: Final = 6_000
"""One and a half of the longest in a cadence: what sounds behind it is another tone."""


class ToneFound(NamedTuple):
    """A tone, and the position at which it began to sound."""

    tone: Tone
    start_sample: int


class ToneDetector:
    """One side of a line, frame by frame."""

    def __init__(self) -> None:
        self._runs: list[tuple[bool, int]] = []
        """Sound and pause by turns, with the frames of each; the newest one goes on."""
        self._started: list[int] = []
        self._told: Tone | None = None

    def receive_frame(self, sample: int, *, sounds: bool) -> ToneFound | None:
        """Take whether the next 20 ms are a tone (`are_tones`); gives a tone once, as soon as it is known."""
        self._note(sample, sounds=sounds)
        found = self._found()
        if found is None or found.tone == self._told:
            return None
        self._told = found.tone
        return found

    def _note(self, sample: int, *, sounds: bool) -> None:
        if self._runs and self._runs[-1][0] == sounds:
            self._runs[-1] = (sounds, self._runs[-1][1] + 1)
        elif len(self._runs) > 1 and self._runs[-1][1] * FRAME_MS <= FLICKER_MS:
            flicker, before = self._runs.pop(), self._runs.pop()
            self._started.pop()
            self._runs.append((sounds, before[1] + flicker[1] + 1))
        else:
            self._runs.append((sounds, 1))
            self._started.append(sample)
        del self._runs[:-8], self._started[:-8]
        if not sounds and self._runs[-1][1] * FRAME_MS > LONGEST_PAUSE_MS:
            del self._runs[:-1], self._started[:-1]
            self._told = None

    def _found(self) -> ToneFound | None:
        sounds, length = self._runs[-1]
        if sounds and length * FRAME_MS >= DIAL_MS:
            return ToneFound("dial", self._started[-1])
        # A turn that is over is known by the one behind it, once that is no flicker; a pause is looked at as it grows.
        if len(self._runs) < 2 or (length != FLICKER_MS // FRAME_MS + 1 and (sounds or length % LOOK_EVERY)):
            return None
        if self._runs[-2][1] * FRAME_MS < SHORTEST_MS:
            return None
        known = [(miss, turns, cadence.tone) for cadence in CADENCES for miss, turns in self._matches(cadence)]
        if not known:
            return None
        _, turns, tone = min(known)
        return ToneFound(tone, self._started[-turns])

    def _matches(self, cadence: Cadence) -> list[tuple[float, int]]:
        """Give by how much the newest turns miss the cadence, and how many they are; nothing where they are not it."""
        meant, rings = cadence.turns_ms * 2, cadence.tone == "ringing"
        needed = len(cadence.turns_ms) if rings else max(FEWEST_TURNS, len(cadence.turns_ms))
        # The newest turn goes on. The long pause of ringing is known when it has lasted; others must be over.
        runs = self._runs[-needed:] if rings else self._runs[-needed - 1 : -1]
        if len(runs) < needed or not runs[0][0] or (not rings and self._runs[-1][1] * FRAME_MS <= FLICKER_MS):
            return []
        heard = [frames * FRAME_MS for _, frames in runs]
        if rings:
            heard[-1] = min(heard[-1], meant[needed - 1])
        misses = [abs(one - other) for one, other in zip(heard, meant, strict=False)]
        if any(miss > turn * TOLERANCE + FRAME_MS for miss, turn in zip(misses, meant, strict=False)):
            return []
        return [(sum(misses) / sum(meant[:needed]), needed if rings else needed + 1)]


def are_tones(frames: NDArray[np.float32]) -> list[bool]:
    """Say of each row, 20 ms of 16-bit audio, whether it holds nothing but what a network's tone is made of."""
    signal = frames * _HANN
    # Parseval: all bins but the first, on one side of zero, from the samples themselves.
    total = (_LENGTH * np.einsum("ij,ij->i", signal, signal) - signal.sum(axis=1) ** 2) / 2
    inside = signal @ _BAND
    in_band = np.einsum("ij,ij->i", inside, inside) > FEWEST_IN_BAND * total
    found: list[bool] = (in_band & (total >= _QUIETEST * _LENGTH**2)).tolist()
    return found


_LENGTH: Final = SAMPLE_RATE_HZ * FRAME_MS // 1000
_HANN: Final = np.hanning(_LENGTH).astype(np.float32)
_BINS: Final = np.arange(int(BAND_HZ[0] * _LENGTH / SAMPLE_RATE_HZ), int(BAND_HZ[1] * _LENGTH / SAMPLE_RATE_HZ) + 1)
_TURNS: Final = np.outer(np.arange(_LENGTH), _BINS) * 2 * np.pi / _LENGTH
_BAND: Final = np.concatenate((np.cos(_TURNS), np.sin(_TURNS)), axis=1).astype(np.float32)
"""The bins of the band in a Fourier transform of one frame; no other is needed."""

_QUIETEST: Final = 32768.0**2 * 10 ** (QUIETEST_DBFS / 10) * 3 / 16
"""Of the one-sided sum of squares of a windowed frame, by its squared length: Hann's mean square is 3/8, and half of
that lies on either side of zero."""
