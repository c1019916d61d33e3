"""What is measured of a call besides its phrases: the voice, the mood of the words, who talks, and what is missing.

`Meters` gives what it finds as events, and tells every change of a cue that rules may judge as a `Reading`. Stress and
sentiment are measured only of the sides in `feelings`, by default the caller: the EU AI Act, Art. 5(1)(f), bans
inferring the emotions of people at work.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

from appliance.escalation.cues import RECENT_S, Reading
from appliance.events import (
    SAMPLE_RATE_HZ,
    CallContext,
    Event,
    StressMeasured,
    TalkMeasured,
    Who,
    Word,
)
from appliance.language.sentiment import SentimentTrend, sentiment
from appliance.speech.frames import FRAME_SAMPLES, Frame, Lost, Side, Withheld, samples
from appliance.speech.listener import Span
from appliance.speech.stress import SPARED, Stress, StressMeter
from appliance.speech.talk import TalkMeter

FEELINGS_OF: Final[frozenset[Side]] = frozenset({"caller"})
"""Whose feelings are measured unless the settings say otherwise; see the module's head."""

TALK_EVERY: Final = 30 * SAMPLE_RATE_HZ
"""Between two events on who talks how much: often enough for a line over a call, rare enough to keep."""

RECENT: Final = int(RECENT_S) * SAMPLE_RATE_HZ

WAITING_AFTER: Final = 3 * SAMPLE_RATE_HZ
"""A shorter silence is thinking; after it the caller waits for the agent, also while asking "are you still there"."""

WORDS_LATE_AFTER: Final = 5 * SAMPLE_RATE_HZ
"""Speech without any answer of the recognizer: ten times what the slowest engine takes for its first words."""

LONG_HOLE: Final = samples(400)
"""A shorter hole is taken for what surrounds it, as the endpointer's hangover takes a pause. Behind a longer one nobody
knows how long it has been silent, or how the voice is."""

PLACES: Final = 3
"""Of a score: finer differences mean nothing, and would make longer events."""


class Mood(NamedTuple):
    """What an utterance says, and what the side said lately; None where it is not known or not asked for."""

    sentiment: float | None = None
    trend: float | None = None


class Meters:
    """The meters of one call; `tell` gets each reading as soon as it changes. Calls come in the order of media time."""

    def __init__(
        self, sides: Sequence[Side], language: str, feelings: Collection[Side], tell: Callable[[Reading], None]
    ) -> None:
        self._sides = sides
        self._language = language
        self._tell = tell
        self._voices = {side: StressMeter() for side in sides if side in feelings}
        self._moods = {side: SentimentTrend() for side in sides if side in feelings}
        self._of_everybody = {"agent", "caller"} <= set(feelings)
        self._spares_stress = False
        self._talk = Talk(sides, tell)
        self._words = MissingWords(tell)

    def receive_frame(self, frame: Frame, *, voiced: bool, speaking: bool) -> list[Event]:
        """Take the next frame of a side; `speaking` says that it belongs to an utterance."""
        events = self._talk.receive_frame(frame, voiced=voiced, speaking=speaking)
        if frame.side == "caller":
            self._words.receive_frame(frame, voiced=voiced and speaking)
        if (voice := self._voices.get(frame.side)) and not self._spares_stress:
            events += self._stress(voice, frame, voiced=voiced)
        return events

    def receive_lost(self, lost: Lost | Withheld) -> list[Event]:
        """Take a hole in one side; what was withheld by wish comes in small pieces, and is told for what it is."""
        if isinstance(lost, Lost) and lost.end_sample - lost.start_sample < LONG_HOLE:
            return []
        self._talk.receive_lost(lost)
        voice = self._voices.get(lost.side)
        found = voice.receive_lost(lost.end_sample) if voice else None
        return [self._told(lost.side, found)] if found else []

    def spare_stress(self, now_sample: int, *, spares: bool) -> list[Event]:
        """Take that the box has too much to do, or no longer, to measure stress; tells that it is not known."""
        self._spares_stress = spares
        found = [(side, voice.receive_lost(now_sample, SPARED)) for side, voice in self._voices.items() if spares]
        return [self._told(side, unknown) for side, unknown in found if unknown]

    def receive_words(self, side: Side) -> None:
        """Take that the recognizer of a side has answered."""
        if side == "caller":
            self._words.receive_answer()

    def receive_loss(self, side: Side, hole: Span) -> None:
        """Take that what a side said there was not recognised."""
        if side == "caller":
            self._words.receive_loss(hole)

    def receive_utterance(self, side: Side, span: Span, words: Sequence[Word]) -> Mood:
        """Take the final words of an utterance."""
        self._talk.receive_utterance(side, span, len(words))
        trend = self._moods.get(side)
        if trend is None:
            return Mood()
        value = sentiment(words, self._language)
        trend.receive(value, span.end_sample)
        mood = Mood(_rounded(value), _rounded(trend.value))
        self._tell(Reading("sentiment", side, span.end_sample, mood.sentiment))
        self._tell(Reading("sentiment_trend", side, span.end_sample, mood.trend))
        return mood

    def receive_context(self, context: CallContext) -> None:
        """Take what the server knows of the caller."""
        self._tell(Reading("tier", "caller", context.start_sample, text=context.tier or None))
        self._tell(Reading("queued_s", "both", context.start_sample, context.queued_s))

    def receive_unknown_speaker(self, now_sample: int) -> None:
        """Take that a voice may be anybody's: feelings are measured no more, unless both sides' are wanted."""
        if self._of_everybody:
            return
        for side in {*self._voices, *self._moods}:
            for cue in ("stress", "sentiment", "sentiment_trend"):
                self._tell(Reading(cue, side, now_sample))
        self._voices.clear()
        self._moods.clear()

    def end(self, now_sample: int) -> list[Event]:
        """Take that the call is over."""
        return self._talk.measured(now_sample)

    def _stress(self, voice: StressMeter, frame: Frame, *, voiced: bool) -> list[Event]:
        found = voice.receive_frame(frame, voiced=voiced)
        return [self._told(frame.side, found)] if found else []

    def _told(self, side: Side, found: Stress) -> Event:
        score = _rounded(found.score)
        self._tell(Reading("stress", side, found.at_sample, score, note=", ".join(found.drivers)))
        return StressMeasured(
            who=side,
            start_sample=found.at_sample,
            end_sample=found.at_sample,
            score=score,
            confidence=round(found.confidence, PLACES),
            level=found.level,
            drivers=found.drivers,
            reason=found.reason,
        )


class Talk:
    """Who talks, who waits, and since when nobody has spoken."""

    def __init__(self, sides: Sequence[Side], tell: Callable[[Reading], None]) -> None:
        self._sides = sides
        self._tell = tell
        self._meter = TalkMeter()
        self._speaking: dict[Side, bool] = dict.fromkeys(sides, False)
        self._last_voiced = 0
        self._waits = False
        self._past = deque([(0, 0.0, 0, 0)])
        self._next_event = TALK_EVERY
        tell(Reading("call_s", "both", 0, counts_from=0))
        tell(Reading("silence_s", "both", 0, counts_from=0))

    def receive_frame(self, frame: Frame, *, voiced: bool, speaking: bool) -> list[Event]:
        """See `Meters`."""
        now = frame.sample + FRAME_SAMPLES
        silent_before = not any(self._speaking.values())
        self._speaking[frame.side] = speaking
        silent = not any(self._speaking.values())
        if voiced and speaking:
            self._last_voiced = now
        if silent != silent_before:
            self._tell(self._silence(now, silent=silent))
        self._note_waiting(now, silent=silent)
        if now < self._next_event:
            return []
        self._next_event = now + TALK_EVERY
        return self.measured(now)

    def receive_lost(self, lost: Lost | Withheld) -> None:
        """See `Meters`. Silence counts anew from the end of the hole: "silent" and "not heard" are never confused."""
        now = lost.end_sample
        self._meter.receive_hole(lost.start_sample, now)
        self._last_voiced = max(self._last_voiced, now)
        if not any(self._speaking.values()):
            self._tell(self._silence(now, silent=True))
        self._note_waiting(now, silent=False, heard=False)

    def receive_utterance(self, side: Side, span: Span, words: int) -> None:
        """See `Meters`."""
        self._meter.receive_utterance(side, span.start_sample, span.end_sample, words)
        facts, at = self._meter.facts(), span.end_sample
        for each in self._sides:
            mine = facts.of(each)
            self._tell(Reading("talk_share", each, at, mine.share))
            self._tell(Reading("words_per_min", each, at, mine.words_per_minute))
        self._past.append((at, facts.overtalk_s, facts.agent.interruptions, facts.caller.interruptions))
        while len(self._past) > 1 and self._past[1][0] <= at - RECENT:
            self._past.popleft()
        oldest, newest = self._past[0], self._past[-1]
        self._tell(Reading("overtalk_s", "both", at, newest[1] - oldest[1]))
        self._tell(Reading("interruptions", "agent", at, float(newest[2] - oldest[2])))
        self._tell(Reading("interruptions", "caller", at, float(newest[3] - oldest[3])))

    def measured(self, now_sample: int) -> list[Event]:
        """Give how each side has spoken so far; nothing before anybody has."""
        self._meter.receive_time(now_sample, speaking=any(self._speaking.values()))
        facts = self._meter.facts()
        if not any(facts.of(side).speech_s for side in self._sides):
            return []
        return [
            TalkMeasured(
                who=side,
                start_sample=0,
                end_sample=now_sample,
                speech_s=round(facts.of(side).speech_s, PLACES),
                talk_share=_rounded(facts.of(side).share),
                overtalk_s=round(facts.overtalk_s, PLACES),
                interruptions=facts.of(side).interruptions,
                longest_silence_s=round(facts.longest_silence_s, PLACES),
                words_per_min=_rounded(facts.of(side).words_per_minute),
            )
            for side in self._sides
        ]

    def _silence(self, now: int, *, silent: bool) -> Reading:
        if silent:
            return Reading("silence_s", "both", now, counts_from=self._last_voiced)
        return Reading("silence_s", "both", now, 0.0)

    def _note_waiting(self, now: int, *, silent: bool, heard: bool = True) -> None:
        long = silent and now - self._last_voiced >= WAITING_AFTER
        waits = heard and not self._speaking.get("agent") and (self._waits or long)
        if waits and not self._waits:
            self._tell(Reading("waiting_s", "both", now, counts_from=self._last_voiced))
        elif self._waits and not waits:
            self._tell(Reading("waiting_s", "both", now, 0.0))
        self._waits = waits


class MissingWords:
    """Whether the caller speaks and no words come: then voice cues stand alone, and whoever reads must know it."""

    def __init__(self, tell: Callable[[Reading], None]) -> None:
        self._tell = tell
        self._unanswered = 0
        self._since = 0
        self._missing = False

    def receive_frame(self, frame: Frame, *, voiced: bool) -> None:
        """Count the speech that has had no answer."""
        if not voiced:
            return
        if not self._unanswered:
            self._since = frame.sample
        self._unanswered += FRAME_SAMPLES
        if self._unanswered >= WORDS_LATE_AFTER:
            self._note(self._since, frame.sample)

    def receive_answer(self) -> None:
        """Take that the recognizer lives."""
        self._unanswered = 0
        if self._missing:
            self._missing = False
            self._tell(Reading("words_missing_s", _BOTH, self._since))

    def receive_loss(self, hole: Span) -> None:
        """Take that the recognizer died, and that the words of this span are gone."""
        self._unanswered = max(self._unanswered, 1)
        self._note(hole.start_sample, hole.end_sample)

    def _note(self, since: int, now: int) -> None:
        if not self._missing:
            self._missing, self._since = True, since
            self._tell(Reading("words_missing_s", _BOTH, now, counts_from=since))


_BOTH: Final[Who] = "both"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)
