"""Whether a stretch is speech that can be judged at all: no music, no tones, no noise that drowns it.

The numbers stand between what was found on hold music, tones and street noise on the one hand and on real telephone
calls and shouting actors on the other (`undertone bench stress` tells how often each is judged).
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from appliance.speech.prosody import PERIODIC, QUIET_DB
from appliance.speech.voice import HOP_MS, Hops, newest

FEWEST_SPEECH_MS: Final = 600
"""Voiced frames of about one second of speech; a single word has no prosody yet."""

FEWEST_PERIODIC: Final = 3
"""Hops with a pitch: a shout has twenty in a window, a creaking voice five, a breath or a rustle none."""

LOUDEST_PART: Final = 95
"""Percentile of the voiced hops that stands for the loudest: single hops may be clicks."""

FORGOTTEN_DB: Final = 0.5
"""By which the loudest falls from one block to the next: a caller who moves away is heard again after a while."""

FEWEST_OVER_FLOOR_DB: Final = 12.0
"""From the quietest twentieth of the time to the median of the voiced hops: music 3 to 13, speech over 25."""

STILL_STEP: Final = 0.08
"""Semitones that a note moves in 20 ms; a voice moves by 0.1 to 0.5."""

MOST_STILL: Final = 0.6
"""Part of the steps between periodic hops: music 0.4 to 1, speech up to 0.4."""

FEWEST_STEPS: Final = 6
LEAST_FLUX_DB: Final = 2.5
"""Mean change of a band from hop to hop: music and noise 1.2 to 3, speech 3.5 to 10."""

TOO_LITTLE: Final = "too little speech"
MUSIC: Final = "music or tones"
NOISE: Final = "noise hides the voice"
"""Reasons for not knowing, in the words in which they are told."""


class OwnVoice:
    """Leaves out what the detector took for this voice though it lies far below: echo, keys, breath."""

    def __init__(self) -> None:
        self._loudest_db = -math.inf

    def receive(self, hops: Hops) -> Hops:
        """Take the next block of hops and give it with the voiced hops alone that are as loud as the voice."""
        if not hops.voiced.any():
            return hops
        newest_db = float(np.percentile(hops.level_db[hops.voiced], LOUDEST_PART))
        self._loudest_db = max(newest_db, self._loudest_db - FORGOTTEN_DB)
        return hops._replace(voiced=hops.voiced & (hops.level_db > self._loudest_db - QUIET_DB))


def obstacle(recent: Hops, floor_db: float) -> str:
    """Give why the newest speech of these hops cannot be judged; empty where it can. `floor_db` as in `Hops`."""
    window = newest(recent)
    voiced = window.voiced
    if np.count_nonzero(voiced) * HOP_MS < FEWEST_SPEECH_MS:
        return TOO_LITTLE
    periodic = voiced & (window.aperiodicity < PERIODIC)
    if _stillness(window, periodic) > MOST_STILL:
        return MUSIC
    if float(np.median(window.frame_db[voiced])) - floor_db < FEWEST_OVER_FLOOR_DB:
        return NOISE
    changes = np.diff(window.bands_db, axis=0)[voiced[1:] & voiced[:-1]]
    if changes.size and float(np.abs(changes).mean()) < LEAST_FLUX_DB:
        return MUSIC
    return TOO_LITTLE if np.count_nonzero(periodic) < FEWEST_PERIODIC else ""


def _stillness(window: Hops, periodic: NDArray[np.bool_]) -> float:
    semitones = 12 * np.log2(np.where(periodic, window.f0_hz, 1.0))
    steps = np.diff(semitones)[periodic[1:] & periodic[:-1]]
    return float((np.abs(steps) < STILL_STEP).mean()) if len(steps) >= FEWEST_STEPS else 0.0
