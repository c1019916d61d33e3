"""What is put in the place of lost sound: its last pitch period again, fading (after ITU-T G.711, appendix I).

It keeps the recognizer from hearing clicks and cuts; it pretends nothing, for every loss is declared.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from appliance.events import SAMPLE_RATE_HZ

Sound = NDArray[np.float32]

HISTORY_SAMPLES: Final = SAMPLE_RATE_HZ * 48 // 1000
"""Three periods of the deepest voice, as in the appendix."""

LONGEST_PERIOD: Final = SAMPLE_RATE_HZ // 66
SHORTEST_PERIOD: Final = SAMPLE_RATE_HZ // 400

HOLD_SAMPLES: Final = SAMPLE_RATE_HZ // 100
FADE_SAMPLES: Final = SAMPLE_RATE_HZ * 60 // 1000
"""The first 10 ms are as loud as before; after 60 ms there is silence: no vowel is sure to go on for longer."""

BLEND_SAMPLES: Final = SAMPLE_RATE_HZ * 4 // 1000
"""What is made up and what comes next are faded into each other, so that the seam does not click."""


class Concealment:
    """The last sound of one stream, and what to put in its place once it fails."""

    def __init__(self) -> None:
        self._history: Sound = np.zeros(HISTORY_SAMPLES, np.float32)
        self._made: Sound = np.zeros(0, np.float32)
        self._filled = 0

    def receive_sound(self, sound: Sound) -> Sound:
        """Take sound that came, and give it back, its beginning blended with what was made up just before."""
        if self._filled:
            sound = self._blended(sound)
            self._filled = 0
        self._history = np.concatenate((self._history, sound))[-HISTORY_SAMPLES:]
        return sound

    def fill(self, samples: int) -> Sound:
        """Give so much sound in the place of what is missing."""
        if not self._filled:
            self._made = self._period()
        made = self._continued(samples)
        self._filled += samples
        return made

    def silence(self) -> None:
        """Take that there was silence: nothing goes on from before it."""
        self._history[:] = 0
        self._filled = 0

    def _continued(self, samples: int) -> Sound:
        at = self._filled + np.arange(samples)
        gain = np.clip((FADE_SAMPLES - at) / (FADE_SAMPLES - HOLD_SAMPLES), 0, 1)
        return (self._made[at % len(self._made)] * gain).astype(np.float32)

    def _blended(self, sound: Sound) -> Sound:
        length = min(BLEND_SAMPLES, len(sound))
        before = self._continued(length)
        rising = np.linspace(0, 1, length, endpoint=False, dtype=np.float32)
        return np.concatenate((before * (1 - rising) + sound[:length] * rising, sound[length:]))

    def _period(self) -> Sound:
        """Give the last period of the history: the lag at which it is most like itself."""
        history = self._history
        tail = history[-LONGEST_PERIOD:]
        energy = float(tail @ tail)
        if energy <= 0:
            return np.zeros(LONGEST_PERIOD, np.float32)
        earlier = history[-2 * LONGEST_PERIOD : -SHORTEST_PERIOD]
        likeness = np.correlate(earlier, tail, "valid")
        power = np.convolve(earlier**2, np.ones(len(tail), np.float32), "valid")
        best = int(np.argmax(likeness / np.sqrt(power + 1)))
        return history[best - LONGEST_PERIOD :].copy()
