"""Stress in a voice: how far it is from calm, judged against the population's calm voices and against its own.

`StressMeter` hears one voice of one call and says once a second what it makes of the last two seconds of speech, or
why it cannot know. Its level climbs and falls with hysteresis.
"""

from collections import deque
from typing import Final, NamedTuple

import numpy as np

from appliance.events import Tension
from appliance.speech.frames import FRAME_SAMPLES, Frame, samples
from appliance.speech.pitch import Values
from appliance.speech.prosody import measure
from appliance.speech.stress_model import Verdict, judge, probability, shipped
from appliance.speech.stress_words import drivers
from appliance.speech.voice import BLOCK_MS, HOP_MS, Hops, VoiceMeter, joined

STEP_MS: Final = 1_000
"""Between two looks: a person does not change faster, and a light should not."""

WINDOW_MS: Final = 2_000
"""Speech that is judged at once: the model was fitted to stretches of at most that length."""

LOOK_BACK_MS: Final = 6_000
"""Media time that the window may span: what was said before a long pause says nothing about now."""

FEWEST_SPEECH_MS: Final = 800
"""Voiced frames of about one second of speech; a single word has no prosody yet."""

FORGET_MS: Final = 15_000
"""A voice that has been silent for so long is judged anew: nothing is known of how it is now."""

CALM_BELOW: Final = 0.4
"""Against the population; only such speech may become the speaker's own reference."""

OWN_STRETCHES: Final = 10
"""Seconds of calm speech that make the speaker's own reference. It then stays: a moving one would follow a caller
who gets angry slowly."""

DOUBT: Final = 4.0
"""Stretches of calm speech after which the own reference counts as much as the population."""

CLIMB: Final[dict[Tension, float]] = {"raised": 0.6, "high": 0.8}
FALL: Final[dict[Tension, float]] = {"raised": 0.4, "high": 0.55}
"""Scores at which a level is reached and at which it is left."""

TOO_LITTLE: Final = "too little speech"
SILENT: Final = "nothing said for 15 s"


class Stress(NamedTuple):
    """What is known of a voice at a moment of media time.

    `score` goes from 0 (calm) to 1, and is None where it cannot be known: then `reason` says why, and is empty
    otherwise. `confidence` goes from 0 to 1. `level` stands on the scores so far, with hysteresis. `drivers` are up to
    three measures that did most for the score, in plain words with numbers.
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
        self._own = _OwnCalm()
        self._level: Tension = "calm"
        self._new_voiced = 0
        self._next_sample = 0
        self._quiet_since = 0
        self._told = ""

    def receive_frame(self, frame: Frame, *, voiced: bool) -> Stress | None:
        """Take the next frame, `voiced` as its detector says.

        Gives at most one `Stress` in a second of media time; None when nothing new is known.
        """
        hops = self._voice.receive_frame(frame, voiced=voiced)
        if voiced:
            self._quiet_since = frame.sample
        if hops is None:
            return None
        self._blocks.append(hops)
        self._new_voiced += int(np.count_nonzero(hops.voiced))
        now = frame.sample + FRAME_SAMPLES
        if now < self._next_sample:
            return None
        self._next_sample = now + samples(STEP_MS)
        return self._look(now)

    def _look(self, now: int) -> Stress | None:
        if now - self._quiet_since >= samples(FORGET_MS):
            self._level = "calm"
            return self._unknown(now, SILENT)
        if not self._new_voiced:
            return None
        self._new_voiced = 0
        window = _newest(joined(self._blocks))
        speech_ms = int(np.count_nonzero(window.voiced)) * HOP_MS
        if speech_ms < FEWEST_SPEECH_MS:
            return self._unknown(now, TOO_LITTLE)
        return self._judge(now, measure(window), speech_ms / WINDOW_MS)

    def _judge(self, now: int, measures: Values, heard: float) -> Stress:
        calm, trust = self._own.calm, self._own.trust
        verdict = judge(_MODEL, measures, calm, trust)
        score = probability(verdict.odds)
        self._own.receive(measures)
        self._level = _next_level(self._level, score)
        self._told = ""
        return Stress(now, score, min(1.0, heard) * (1 + trust) / 2, self._level, _why(verdict, measures, calm, trust))

    def _unknown(self, now: int, reason: str) -> Stress | None:
        """Say it once."""
        if reason == self._told:
            return None
        self._told = reason
        return Stress(now, None, 0.0, self._level, reason=reason)


class _OwnCalm:
    """The speaker's own reference: the mean measures of the first stretches that are calm by the population."""

    def __init__(self) -> None:
        self.calm: Values = _MODEL.population.means
        self._count = 0

    @property
    def trust(self) -> float:
        return self._count / (self._count + DOUBT)

    def receive(self, measures: Values) -> None:
        if self._count == OWN_STRETCHES:
            return
        if probability(judge(_MODEL, measures, self.calm, 0.0).odds) >= CALM_BELOW:
            return
        self._count += 1
        before = self.calm if self._count > 1 else measures
        self.calm = before + (measures - before) / self._count


def _newest(hops: Hops) -> Hops:
    """Give the end of the hops that holds no more speech than the window."""
    voiced = np.flatnonzero(hops.voiced)
    start = voiced[max(0, len(voiced) - WINDOW_MS // HOP_MS)] if len(voiced) else 0
    return hops.since(start)


def _next_level(level: Tension, score: float) -> Tension:
    if score >= CLIMB["high"] or (level == "high" and score > FALL["high"]):
        return "high"
    if score >= CLIMB["raised"] or (level != "calm" and score > FALL["raised"]):
        return "raised"
    return "calm"


def _why(verdict: Verdict, measures: Values, calm: Values, trust: float) -> tuple[str, ...]:
    return drivers(verdict.parts, measures - calm, own=trust > 0)


_MODEL: Final = shipped()
