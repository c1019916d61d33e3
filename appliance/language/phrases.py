"""Phrases: what a rule pack listens for, and where it was said."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Final, Literal

from appliance.events import Who, Word
from appliance.language.matching import Heard, Path, is_begun, longest_match
from appliance.language.negation import GUARD_WINDOW_WORDS, is_negated
from appliance.language.normalise import Units, tokens
from appliance.language.patterns import Automaton, State, compile_pattern
from appliance.language.sounds import english_key

MIN_CONFIDENCE: Final = 0.45
"""Vosk gives ghosts of noise 0.35 and less; words that it heard, 0.6 and more."""

ALIKE_CONFIDENCE: Final = 0.8
"""What merely sounds right counts so much."""

EXPECTING_WORDS: Final = 4
"""A phrase is begun by the last of them; one that was begun before and did not go on was none."""

__all__ = ["GUARD_WINDOW_WORDS", "MIN_CONFIDENCE", "Match", "Phrase", "PhraseIndex"]


@dataclass(frozen=True)
class Phrase:
    """Something that people say in several ways.

    `who`: whose words count. `patterns`: the ways, in the language of `patterns.py`; a bad one raises `PatternError`
    at the first use of `automata`. `but_not`: patterns that take the meaning away where they touch a match.
    `unless_before`: tokens that take it away when one of them stands within `guard_window` tokens before the phrase, in
    the same clause, or inside one of its gaps. `min_confidence`: what is less certain than this is not counted.
    """

    name: str
    who: Who
    patterns: tuple[str, ...]
    units: Units = "words"
    unless_before: frozenset[str] = frozenset()
    guard_window: int = GUARD_WINDOW_WORDS
    but_not: tuple[str, ...] = ()
    min_confidence: float = MIN_CONFIDENCE

    @cached_property
    def automata(self) -> tuple[Automaton, ...]:
        """Give the compiled patterns."""
        return tuple(compile_pattern(pattern, self.units) for pattern in self.patterns)

    @cached_property
    def exceptions(self) -> tuple[Automaton, ...]:
        """Give the compiled patterns of `but_not`."""
        return tuple(compile_pattern(pattern, self.units) for pattern in self.but_not)


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase that was said: the words as spoken, their indexes (both inclusive) and their time.

    `confidence`: the mean of the recognizer's confidences of the words that carry the meaning, 1 where it gives none;
    less where a word merely sounds right. `reason`: for people, which pattern found it, and what stood for what.
    """

    phrase: str
    text: str
    first_word: int
    last_word: int
    start_sample: int
    end_sample: int
    confidence: float = 1.0
    reason: str = ""


class PhraseIndex:
    """The phrases of a pack, ordered so that an utterance is held against those alone of which it has a word."""

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self.phrases = tuple(phrases)
        self._units = {phrase.units for phrase in phrases}
        self._exact: dict[str, list[_Entry]] = defaultdict(list)
        self._prefixes: dict[str, list[_Entry]] = defaultdict(list)
        self._sounds: dict[str, list[_Entry]] = defaultdict(list)
        for number, phrase in enumerate(phrases):
            for automaton in phrase.automata:
                for anchor in automaton.anchors:
                    self._enter(anchor, (number, automaton))

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word that some phrase waits for."""
        return frozenset(
            state.text
            for phrase in self.phrases
            for automaton in phrase.automata
            for state in automaton.states
            if not state.prefix
        )

    def find(self, who: Literal["agent", "caller"], words: Sequence[Word]) -> list[Match]:
        """Find each phrase of this speaker in the words of one utterance, in the order of speaking.

        Matches of one phrase do not overlap, and each is the longest at its place. The cost is linear in the words.
        """
        found: list[Match] = []
        for units in self._units:
            heard = Heard(tokens(words, units), units)
            for number, automata in self._candidates(heard).items():
                phrase = self.phrases[number]
                if phrase.who in (who, "both") and phrase.units == units:
                    found += _matches(phrase, automata, words, heard)
        return sorted(found, key=lambda match: (match.first_word, match.last_word))

    def expects(self, who: Literal["agent", "caller"], words: Sequence[Word], names: Collection[str]) -> bool:
        """Say whether the words end with the beginning of one of these phrases, which were not found in them.

        The word that it is looked up by must be among them: every other sentence begins as some phrase does. The last
        token counts or not: the newest of what is heard is often something else in the end.
        """
        names = frozenset(
            phrase.name for phrase in self.phrases if phrase.name in names and phrase.who in (who, "both")
        )
        for units in self._units if names else ():
            tail = tokens(words[-EXPECTING_WORDS:], units)
            if any(self._is_begun(Heard(heard, units), names) for heard in (tail, tail[:-1])):
                return True
        return False

    def _is_begun(self, heard: Heard, names: AbstractSet[str]) -> bool:
        for number, automata in self._candidates(heard).items():
            phrase = self.phrases[number]
            if phrase.name in names and phrase.units == heard.units and _is_begun(phrase, automata, heard):
                return True
        return False

    def _enter(self, anchor: tuple[State, ...], entry: "_Entry") -> None:
        if len(anchor) == 2:
            for one, two in product(anchor[0].sounds, anchor[1].sounds):
                self._sounds[one + two].append(entry)
            return
        (state,) = anchor
        (self._prefixes if state.prefix else self._exact)[state.text].append(entry)
        for sound in state.sounds:
            self._sounds[sound].append(entry)

    def _candidates(self, heard: Heard) -> dict[int, list[Automaton]]:
        """Give the patterns of which the utterance has an anchor, by the number of their phrase."""
        texts = {token.text for token in heard.tokens}
        joined = {text for place in range(len(heard.tokens)) for _, text in heard.joined(place)}
        sounds = set(heard.sounds) | {sound for text in joined if (sound := english_key(text))}
        if heard.units == "syllables":
            sounds |= {one + two for one, two in pairwise(heard.sounds)}
        entries = [
            *_looked_up(self._exact, texts | joined),
            *_looked_up(self._sounds, sounds),
            *_looked_up(self._prefixes, {text[:end] for text in texts for end in range(1, len(text) + 1)}),
        ]
        candidates: dict[int, dict[int, Automaton]] = defaultdict(dict)
        for number, automaton in entries:
            candidates[number][id(automaton)] = automaton
        return {number: list(automata.values()) for number, automata in sorted(candidates.items())}


_Entry = tuple[int, Automaton]


def _looked_up(index: dict[str, list[_Entry]], keys: Iterable[str]) -> Iterable[_Entry]:
    return (entry for key in keys if key in index for entry in index[key])


def _matches(phrase: Phrase, automata: Sequence[Automaton], words: Sequence[Word], heard: Heard) -> list[Match]:
    found = [(start, path, automaton) for start, path, automaton in _paths(phrase, automata, heard)]
    matches = [_match(phrase, words, heard, *one) for one in found]
    return [match for match in matches if match.confidence >= phrase.min_confidence]


def _paths(phrase: Phrase, automata: Sequence[Automaton], heard: Heard) -> list[tuple[int, Path, Automaton]]:
    """Give the start, the path and the pattern of each match; what a negation took away is passed over as a whole."""
    found: list[tuple[int, Path, Automaton]] = []
    begins: dict[int, list[Automaton]] = defaultdict(list)
    for automaton in automata:
        for start in heard.starts(automaton):
            begins[start].append(automaton)
    passed = 0
    for start in sorted(begins):
        if start < passed:
            continue
        ways = [
            (path, one) for one in begins[start] if (path := longest_match(one, heard, start, phrase.unless_before))
        ]
        if not ways:
            continue
        path, automaton = max(ways, key=lambda way: (way[0].end, -len(way[0].alike)))
        if not is_negated(heard.tokens, start, phrase.unless_before, phrase.guard_window):
            found.append((start, path, automaton))
        passed = path.end
    voided = _voided(phrase, heard) if found and phrase.but_not else frozenset()
    return [one for one in found if voided.isdisjoint(range(one[0], one[1].end))]


def _is_begun(phrase: Phrase, automata: Sequence[Automaton], heard: Heard) -> bool:
    return any(
        is_begun(automaton, heard, start, phrase.unless_before)
        for automaton in automata
        for start in heard.starts(automaton)
    )


def _voided(phrase: Phrase, heard: Heard) -> frozenset[int]:
    """Give the tokens that are part of what `but_not` says."""
    spans = [
        range(start, path.end)
        for automaton in phrase.exceptions
        for start in heard.starts(automaton)
        if (path := longest_match(automaton, heard, start, frozenset(), alike=False)) is not None
    ]
    return frozenset(place for span in spans for place in span)


def _match(phrase: Phrase, words: Sequence[Word], heard: Heard, start: int, path: Path, automaton: Automaton) -> Match:
    first, last = heard.tokens[start].word, heard.tokens[path.end - 1].word
    spoken = words[first : last + 1]
    stood = "".join(f'; "{alike.heard}" stands for "{alike.meant}"' for alike in path.alike)
    return Match(
        phrase=phrase.name,
        text=" ".join(word.text for word in spoken),
        first_word=first,
        last_word=last,
        start_sample=spoken[0].start_sample,
        end_sample=spoken[-1].end_sample,
        confidence=_confidence(words, heard, path) * ALIKE_CONFIDENCE ** len(path.alike),
        reason=f'found by "{automaton.pattern}"{stood}',
    )


def _confidence(words: Sequence[Word], heard: Heard, path: Path) -> float:
    carrying = {heard.tokens[place].word for place in path.content}
    known = [words[word].confidence for word in carrying]
    given = [one for one in known if one is not None]
    return sum(given) / len(given) if given else 1.0
