"""The contract of a recognizer, the words that are exchanged with it, and one that plays a script.

A recognizer hears one utterance after the other, of either side. Where an utterance ends is decided by our endpointer
and never by the engine, so that every engine cuts alike. Each request gets exactly one answer, in order.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from appliance.events import Word
from appliance.speech.frames import Side


class Hear(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The next audio of utterance `utterance`: 16-bit mono at `SAMPLE_RATE_HZ`, first sample at `sample`.

    `wants_partial` is false where more audio waits already: partial words are what a slow box can do without.
    """

    side: Side
    utterance: int
    sample: int
    pcm: bytes
    wants_partial: bool = True


class Pause(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Nobody has spoken for a while, and nothing more will be heard of the utterance unless speech resumes.

    An engine that can works out now what `EndUtterance` would give, answers with these words as a partial, and gives
    them at once if the utterance does end.
    """

    side: Side
    utterance: int


class Look(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What would the words be if the utterance ended here? It goes on as if nobody had asked.

    A streaming engine is sure of a word only when it has heard what follows. Whoever waits for a certain word, and will
    bear it if it was none, gets it so much sooner.
    """

    side: Side
    utterance: int


class EndUtterance(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The utterance is over; the final hypothesis is wanted now."""

    side: Side
    utterance: int


Request = Hear | Pause | Look | EndUtterance


class Hypothesis(msgspec.Struct, frozen=True, array_like=True):
    """What the recognizer makes of an utterance so far (`final` false) or for good.

    `words` is None where there is nothing new to say since the last partial hypothesis. `until_sample` is the position
    behind the last sample that was heard.
    """

    utterance: int
    final: bool
    until_sample: int
    words: tuple[Word, ...] | None
    ahead: bool = False
    """Answers a `Look`: a guess that may come and go, to be noticed and not to be read."""


class Recognizer(Protocol):
    """One engine that hears one utterance at a time, in the order of its audio."""

    def hear(self, sample: int, pcm: bytes, *, wants_partial: bool = True) -> tuple[Word, ...] | None:
        """Take the next audio of the current utterance; give the partial words when wanted, due and new."""

    def pause(self) -> tuple[Word, ...] | None:
        """Take that nobody speaks just now; give the words that `end_utterance` would give, where they can be told."""

    def look(self) -> tuple[Word, ...] | None:
        """Give the words that `end_utterance` would give now, where they can be told without ending it."""

    def end_utterance(self) -> tuple[Word, ...]:
        """Give the final words of the current utterance; what is heard next begins another one."""


class ScriptedRecognizer:
    """A recognizer for tests of the pure rooms: says the words whose time has come, whatever the audio holds.

    The script is a list of words in media time; a partial holds those that have ended so far, a final all that began
    within the utterance.
    """

    def __init__(self, script: Sequence[Word]) -> None:
        self._script = script
        self._start_sample: int | None = None
        self._until_sample = 0
        self._said: tuple[Word, ...] = ()

    def hear(self, sample: int, pcm: bytes, *, wants_partial: bool = True) -> tuple[Word, ...] | None:
        """See `Recognizer`."""
        if self._start_sample is None:
            self._start_sample = sample
        self._until_sample = sample + len(pcm) // 2
        words = self._between(lambda word: word.end_sample)
        if not wants_partial or words == self._said:
            return None
        self._said = words
        return words

    def pause(self) -> tuple[Word, ...] | None:
        """See `Recognizer`."""
        return self.look()

    def look(self) -> tuple[Word, ...] | None:
        """See `Recognizer`."""
        return self._between(lambda word: word.start_sample) if self._start_sample is not None else None

    def end_utterance(self) -> tuple[Word, ...]:
        """See `Recognizer`."""
        words = self._between(lambda word: word.start_sample) if self._start_sample is not None else ()
        self._start_sample, self._said = None, ()
        return words

    def _between(self, edge: "Edge") -> tuple[Word, ...]:
        start = self._start_sample or 0
        return tuple(word for word in self._script if start <= word.start_sample and edge(word) <= self._until_sample)


class Edge(Protocol):
    """Which end of a word must have been heard."""

    def __call__(self, word: Word, /) -> int: ...  # noqa: D102
