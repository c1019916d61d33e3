"""Phrases: what a rule pack listens for, and where it was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from appliance.events import Who, Word
from appliance.language.normalise import Token, Units, tokens
from appliance.language.patterns import Automaton, compile_pattern

GUARD_WINDOW_WORDS: Final = 3
""""not going to cancel", "do not want to cancel": a negation reaches about this far."""


@dataclass(frozen=True)
class Phrase:
    """Something that people say in several ways.

    `who`: whose words count. `patterns`: the ways, in the language of `patterns.py`; a bad one raises `PatternError`
    at the first use of `automata`. `unless_before`: tokens that take the meaning away when one of them stands within
    `guard_window` tokens before the phrase, in the same sentence, or inside one of its gaps.
    """

    name: str
    who: Who
    patterns: tuple[str, ...]
    units: Units = "words"
    unless_before: frozenset[str] = frozenset()
    guard_window: int = GUARD_WINDOW_WORDS

    @cached_property
    def automata(self) -> tuple[Automaton, ...]:
        """Give the compiled patterns."""
        return tuple(compile_pattern(pattern, self.units) for pattern in self.patterns)

    def may_begin(self, token: str) -> Sequence[Automaton]:
        """Give the patterns of which this token may be the beginning."""
        return self._by_first_text.get(token, self._of_prefixes)

    @cached_property
    def _of_prefixes(self) -> list[Automaton]:
        """The patterns that may begin with more than certain whole tokens."""
        return [one for one in self.automata if any(one.states[number].prefix for number in one.first)]

    @cached_property
    def _by_first_text(self) -> dict[str, list[Automaton]]:
        """For each token that is the beginning of a pattern, the patterns worth a try."""
        texts = {one.states[number].text for one in self.automata for number in one.first}
        return {text: [one for one in self.automata if one.may_begin(text)] for text in texts}


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase that was said: the words as spoken, their indexes (both inclusive) and their time."""

    phrase: str
    text: str
    first_word: int
    last_word: int
    start_sample: int
    end_sample: int


def find_phrases(phrases: Sequence[Phrase], who: Literal["agent", "caller"], words: Sequence[Word]) -> list[Match]:
    """Find each phrase of this speaker in the words of one utterance, in the order of speaking.

    Matches of one phrase do not overlap, and each is the longest at its place. The cost is linear in the words.
    """
    heard: dict[Units, list[Token]] = {units: tokens(words, units) for units in {phrase.units for phrase in phrases}}
    found = [
        _match(phrase, words, heard[phrase.units][first], heard[phrase.units][last])
        for phrase in phrases
        if phrase.who in (who, "both")
        for first, last in _spans(phrase, heard[phrase.units])
    ]
    return sorted(found, key=lambda match: (match.first_word, match.last_word))


def _match(phrase: Phrase, words: Sequence[Word], first: Token, last: Token) -> Match:
    spoken = words[first.word : last.word + 1]
    return Match(
        phrase=phrase.name,
        text=" ".join(word.text for word in spoken),
        first_word=first.word,
        last_word=last.word,
        start_sample=spoken[0].start_sample,
        end_sample=spoken[-1].end_sample,
    )


def _spans(phrase: Phrase, heard: Sequence[Token]) -> list[tuple[int, int]]:
    """Give first and last token of each match; what a negation took away is passed over as a whole."""
    spans: list[tuple[int, int]] = []
    start = 0
    while start < len(heard):
        end = max((_match_end(one, phrase, heard, start) for one in phrase.may_begin(heard[start].text)), default=start)
        if end > start and not _is_negated(phrase, heard, start):
            spans.append((start, end - 1))
        start = max(end, start + 1)
    return spans


def _match_end(automaton: Automaton, phrase: Phrase, heard: Sequence[Token], start: int) -> int:
    """Give the token after the longest match that begins at `start`, or `start` when there is none."""
    end = start
    may_come = automaton.first
    for index in range(start, len(heard)):
        token = heard[index].text
        now = {number for number in may_come if _takes(automaton, number, token, phrase)}
        if not now:
            break
        if now & automaton.last:
            end = index + 1
        may_come = frozenset().union(*(automaton.follow[number] for number in now))
    return end


def _takes(automaton: Automaton, number: int, token: str, phrase: Phrase) -> bool:
    state = automaton.states[number]
    return state.takes(token) and not (state.gap and token in phrase.unless_before)


def _is_negated(phrase: Phrase, heard: Sequence[Token], start: int) -> bool:
    for index in range(start, max(start - phrase.guard_window, 0), -1):
        if heard[index].begins_sentence:
            return False
        if heard[index - 1].text in phrase.unless_before:
            return True
    return False
