"""Who speaks how much, how fast and over whom: facts about both sides, not feelings.

All is taken from the utterances' spans and their counts of words, so it costs nothing to speak of. An utterance ends
where the endpointer says, so a span holds its short pauses: a rate is that of fluent speech with them, what the
literature calls the speaking rate (Goldman-Eisler, "Psycholinguistics", 1968), not the articulation rate.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Final

from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import Side

MIN_INTERRUPTED_SAMPLES: Final = SAMPLE_RATE_HZ // 2
"""Speech must have gone on for so long, and go on for so long, before it can be interrupted: half a second. The median
gap between turns is 0.2 s, and overlaps shorter than this are how people take turns (Heldner & Edlund, 2010)."""

MIN_INTERRUPTING_SAMPLES: Final = SAMPLE_RATE_HZ
"""Less is "mhm" or "yes", said to show that one listens."""

MIN_RATE_SAMPLES: Final = 3 * SAMPLE_RATE_HZ
"""A rate from less speech says more about the words than about the speaker."""


@dataclass(frozen=True, slots=True)
class SideTalk:
    """One side so far.

    `speech_s`: how long it spoke. `share`: its part of all speech, 0 to 1, None before anybody spoke. `interruptions`:
    how often it began while the other one was speaking, and went on. `words_per_minute`: None before three seconds of
    speech with known words.
    """

    speech_s: float
    share: float | None
    interruptions: int
    words_per_minute: float | None


@dataclass(frozen=True, slots=True)
class TalkFacts:
    """Both sides so far, and what they share.

    `overtalk_s`: how long both spoke at once. `silence_s`: for how long nobody has spoken until now; 0 while somebody
    speaks. `longest_silence_s`: the longest of these, the one before the first word and the present one included.
    """

    agent: SideTalk
    caller: SideTalk
    overtalk_s: float
    silence_s: float
    longest_silence_s: float

    def of(self, side: Side) -> SideTalk:
        """Give one side's facts."""
        return self.agent if side == "agent" else self.caller


class TalkMeter:
    """Measures the talk of one call. Each side's utterances come in their order; the sides may come in any."""

    def __init__(self) -> None:
        self._sides = {"agent": _Side(), "caller": _Side()}
        self._overtalk = 0
        self._spoken: list[tuple[int, int]] = []
        self._longest_inside = 0
        self._speaking = False
        self._now = 0

    def receive_utterance(self, side: Side, start_sample: int, end_sample: int, word_count: int) -> None:
        """Take an utterance that is over; 0 words mean that they are not known."""
        here, other = self._sides[side], self._sides["caller" if side == "agent" else "agent"]
        span = (start_sample, end_sample)
        for theirs in other.beside(span):
            self._overtalk += min(end_sample, theirs[1]) - max(start_sample, theirs[0])
            here.interruptions += _interrupts(span, theirs)
            other.interruptions += _interrupts(theirs, span)
        here.add(span, word_count)
        self._join(span)
        self._now = max(self._now, end_sample)

    def receive_hole(self, start_sample: int, end_sample: int) -> None:
        """Take a span in which the line was not heard: nobody spoke in it, and it was not silent either."""
        self._join((start_sample, end_sample))
        self._now = max(self._now, end_sample)

    def receive_time(self, now_sample: int, *, speaking: bool = False) -> None:
        """Take the time; `speaking` says that somebody is in the middle of an utterance, so that it is not silent."""
        if speaking and not self._speaking:
            self._longest_inside = max(self._longest_inside, self._silence())
        self._now = max(self._now, now_sample)
        self._speaking = speaking

    def facts(self) -> TalkFacts:
        """Give what is known by now."""
        total = sum(side.speech for side in self._sides.values())
        silence = 0 if self._speaking else self._silence()
        return TalkFacts(
            agent=self._sides["agent"].facts(total),
            caller=self._sides["caller"].facts(total),
            overtalk_s=_seconds(self._overtalk),
            silence_s=_seconds(silence),
            longest_silence_s=_seconds(max(self._longest_inside, silence)),
        )

    def _silence(self) -> int:
        return max(self._now - (self._spoken[-1][1] if self._spoken else 0), 0)

    def _join(self, span: tuple[int, int]) -> None:
        """Add a span to what was spoken by either, and look at the silences beside it anew."""
        first = bisect_left(self._spoken, span[0], key=lambda one: one[1])
        last = bisect_right(self._spoken, span[1], key=lambda one: one[0])
        joined = self._spoken[first:last]
        start = min([span[0], *(one[0] for one in joined)])
        end = max([span[1], *(one[1] for one in joined)])
        self._spoken[first:last] = [(start, end)]
        ends = [0, *(one[1] for one in self._spoken[:-1])]
        starts = (one[0] for one in self._spoken)
        self._longest_inside = max(begin - end for begin, end in zip(starts, ends, strict=True))


class _Side:
    """What one side said: its spans in order, and their sums."""

    def __init__(self) -> None:
        self.spans: list[tuple[int, int]] = []
        self.speech = 0
        self.interruptions = 0
        self._words = 0
        self._samples_with_words = 0

    def add(self, span: tuple[int, int], word_count: int) -> None:
        self.spans.append(span)
        self.speech += span[1] - span[0]
        if word_count:
            self._words += word_count
            self._samples_with_words += span[1] - span[0]

    def beside(self, span: tuple[int, int]) -> list[tuple[int, int]]:
        """Give the spans that overlap this one."""
        first = bisect_right(self.spans, span[0], key=lambda one: one[1])
        last = bisect_left(self.spans, span[1], key=lambda one: one[0])
        return self.spans[first:last]

    def facts(self, total: int) -> SideTalk:
        samples = self._samples_with_words
        return SideTalk(
            speech_s=_seconds(self.speech),
            share=self.speech / total if total else None,
            interruptions=self.interruptions,
            words_per_minute=60 * self._words / _seconds(samples) if samples >= MIN_RATE_SAMPLES else None,
        )


def _interrupts(span: tuple[int, int], theirs: tuple[int, int]) -> bool:
    return (
        span[0] - theirs[0] >= MIN_INTERRUPTED_SAMPLES
        and theirs[1] - span[0] >= MIN_INTERRUPTED_SAMPLES
        and span[1] - span[0] >= MIN_INTERRUPTING_SAMPLES
    )


def _seconds(samples: int) -> float:
    return samples / SAMPLE_RATE_HZ
