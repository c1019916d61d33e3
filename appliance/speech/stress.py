"""Stress in a voice: how far it is from calm, judged against the population's voices and against its own start.

`StressMeter` hears one voice of one call and says once a second what it makes of the newest speech, or why it cannot
know. A score stands on two looks, so no single cough or laugh makes one; levels climb and fall with
hysteresis.
"""

from collections import deque
from typing import Final, NamedTuple

import numpy as np

from appliance.events import Tension
from appliance.speech.frames import FRAME_SAMPLES, Frame, samples
from appliance.speech.hearable import TOO_LITTLE, OwnVoice, obstacle
from appliance.speech.own_start import OwnStart, Stretch, stretch
from appliance.speech.stress_model import Verdict, judge, probability, shipped
from appliance.speech.stress_words import drivers
from appliance.speech.voice import BLOCK_MS, WINDOW_HOPS, Hops, VoiceMeter, joined, newest

LOOK_BACK_MS: Final = 6_000
"""Media time in which the newest speech must lie: what was said before a long pause says nothing about now."""

FORGET_MS: Final = 15_000
"""A voice that has been silent for so long is judged anew: nothing is known of how it is now."""

FEWEST_NEW_HOPS: Final = 10
"""Voiced hops since the last verdict, 200 ms: with fewer the same sound would be judged again."""

MOST_ODDS: Final = 3.0
"""Logarithm of the odds that one look may bring, for or against: a cough or a laugh fills one look."""

NEW_SHARE: Final = 0.65
"""Of the newest look in a score, against the one before."""

FIRST_ODDS: Final = -0.5
"""What stands for the look before the first: alone it cannot make a voice high."""

CLIMB: Final[dict[Tension, float]] = {"raised": 0.6, "high": 0.8}
FALL: Final[dict[Tension, float]] = {"raised": 0.4, "high": 0.55}
"""Scores at which a level is reached and at which it is left."""

SILENT: Final = "nothing said for 15 s"
SPARED: Final = "the box has too much to do"
UNHEARD: Final = "the line was not heard"

_FULL_SCALE_DB: Final = 20 * float(np.log10(32768))


class Stress(NamedTuple):
    """What is known of a voice at a moment of media time.

    `score` goes from 0 (calm) to 1, and is None where it cannot be known: then `reason` says why, and is empty
    otherwise. `confidence` goes from 0 to 1. `level` stands on the scores so far, with hysteresis. `drivers` are up to
    three groups of measures that did most for the score, in plain words with numbers.
    """

    at_sample: int
    score: float | None
    confidence: float
    level: Tension
    drivers: tuple[str, ...] = ()
    reason: str = ""


class StressMeter:
    """One voice of one call."""

    def __init__(self) -> None:
        self._voice = VoiceMeter()
        self._blocks = deque[Hops](maxlen=LOOK_BACK_MS // BLOCK_MS)
        self._own_voice = OwnVoice()
        self._own = OwnStart()
        self._level: Tension = "calm"
        self._odds_before = FIRST_ODDS
        self._last_voiced = 0
        self._new_hops = 0
        self._told = TOO_LITTLE

    def receive_frame(self, frame: Frame, *, voiced: bool) -> Stress | None:
        """Take the next frame, `voiced` as its detector says.

        Gives at most one `Stress` in a second of media time; None when nothing new is known. That it cannot know, and
        why, is said once.
        """
        if voiced:
            self._last_voiced = frame.sample
        hops = self._voice.receive_frame(frame, voiced=voiced)
        if hops is None:
            return None
        hops = self._own_voice.receive(hops)
        self._blocks.append(hops)
        now = frame.sample + FRAME_SAMPLES
        if now - self._last_voiced >= samples(FORGET_MS):
            self._level = "calm"
            return self._unknown(now, SILENT)
        self._new_hops += int(np.count_nonzero(hops.voiced))
        return self._look(now) if self._new_hops >= FEWEST_NEW_HOPS else None

    def receive_lost(self, until_sample: int, why: str = UNHEARD) -> Stress | None:
        """Take that nothing was heard until this position, for so long that the voice must be judged anew."""
        self._blocks.clear()
        self._new_hops = 0
        self._level = "calm"
        return None if self._told else self._unknown(until_sample, why)

    def _look(self, now: int) -> Stress | None:
        self._new_hops = 0
        recent = joined(self._blocks)
        floor_db = float(np.percentile(recent.frame_db, 5))
        if why := obstacle(recent, floor_db):
            return self._unknown(now, why)
        window = newest(recent)
        return self._judge(now, stretch(window, floor_db - _FULL_SCALE_DB), int(np.count_nonzero(window.voiced)))

    def _judge(self, now: int, heard: Stretch, voiced_hops: int) -> Stress:
        own = self._own
        verdict = judge(_MODEL, heard.measures, own.measures, own.trust, own.effort_db(heard))
        odds = max(-MOST_ODDS, min(verdict.odds, MOST_ODDS))
        score = probability(NEW_SHARE * odds + (1 - NEW_SHARE) * self._odds_before)
        confidence = min(1.0, voiced_hops / WINDOW_HOPS) * (1 + own.trust) / 2
        self._odds_before = odds
        self._level = _next_level(self._level, score)
        self._told = ""
        why = _why(verdict, heard, own)
        own.receive(heard, verdict.population_odds)
        return Stress(now, score, confidence, self._level, why)

    def _unknown(self, now: int, reason: str) -> Stress | None:
        self._odds_before = FIRST_ODDS
        if reason == self._told:
            return None
        self._told = reason
        return Stress(now, None, 0.0, self._level, reason=reason)


def _next_level(level: Tension, score: float) -> Tension:
    if score >= CLIMB["high"] or (level == "high" and score > FALL["high"]):
        return "high"
    if score >= CLIMB["raised"] or (level != "calm" and score > FALL["raised"]):
        return "raised"
    return "calm"


def _why(verdict: Verdict, heard: Stretch, own: OwnStart) -> tuple[str, ...]:
    if own.trust:
        return drivers(verdict, heard.measures - own.measures, "own start")
    return drivers(verdict, heard.measures - _MODEL.population.means, "most voices")


_MODEL: Final = shipped()
