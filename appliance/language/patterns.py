"""The small language in which a rule pack writes what people say, and the automaton it becomes.

    supervisor               this word
    (supervisor|manager)     one of these; each may be several words
    [right now]              this, or nothing
    cancel*                  any word that begins so
    call~                    this word in any of its forms: calls, called, calling
    ...                      up to five words of any kind, but none that negates, and none of the next sentence

Groups do not nest. A rule pack names lists of words once and writes `{boss}` for them, see
`escalation/phrase_tables.py`. Where a language is compared by syllable (Korean), spaces mean nothing, `*` and `~` are
not needed, and `...` spans up to eight syllables.

A pattern becomes a position automaton (Glushkov, "The abstract theory of automata", 1961): one state for each word
of the pattern, so its size is that of the pattern and a match costs at most its length: no backtracking.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from appliance.language.inflection import forms
from appliance.language.normalise import Units, token_texts
from appliance.language.sounds import english_key, korean_key, near_keys
from appliance.language.stopwords import is_content

MAX_PATTERN_CHARACTERS: Final = 2000
"""A phrase is a few words and a few lists of words for each; more is a mistake in the file."""

MAX_PATTERN_STATES: Final = 400
"""Bounds the cost of one match; gaps count three (eight) states each, and each form of a word one."""

GAP_TOKENS: Final[dict[Units, int]] = {"words": 5, "syllables": 8}
"""What `...` spans at most: longer, and it joins what was not said together."""


class PatternError(ValueError):
    """A pattern that cannot be read; the text says why, for people."""


MIN_ALIKE_LETTERS: Final = 5
"""Shorter words are too much like others to be recognised by their sound."""

MIN_NEAR_SYLLABLES: Final = 3
"""A Korean word of so many syllables may differ in one letter."""


@dataclass(frozen=True, slots=True)
class State:
    """What one position of a pattern takes: this text, or words that begin so, or (`gap`) anything.

    `content`: a word that carries the meaning. `sounds`: keys of what may stand for it, see `sounds.py`. `inside`: a
    syllable that is not the first of its word, so nothing can be slipped in before it. `lone`: a word of one syllable.
    """

    text: str
    prefix: bool = False
    gap: bool = False
    content: bool = False
    sounds: frozenset[str] = frozenset()
    inside: bool = False
    lone: bool = False

    @property
    def is_plain(self) -> bool:
        """Say whether nothing but its own text fits here."""
        return not (self.gap or self.prefix or self.sounds)

    def takes(self, token: str) -> bool:
        """Say whether a token fits here as it is written."""
        return self.gap or (token.startswith(self.text) if self.prefix else token == self.text)


@dataclass(frozen=True, slots=True)
class Automaton:
    """A compiled pattern: its states, those that may begin and end a match, and what may follow each.

    `anchors`: states of which at least one is part of every match, chosen to be rare; or, where syllables are compared,
    pairs of states that follow each other, for one syllable is in every other sentence. `left`: from each state on, the
    fewest tokens that make a match whole, its own one counted.
    """

    pattern: str
    states: tuple[State, ...]
    first: frozenset[int]
    last: frozenset[int]
    follow: tuple[frozenset[int], ...]
    anchors: tuple[tuple[State, ...], ...]
    left: tuple[int, ...]
    first_texts: frozenset[str]
    first_sounds: frozenset[str]
    first_prefixes: tuple[str, ...]

    def may_begin(self, text: str, sound: str) -> bool:
        """Say whether a match may begin with a token of this text and this sound."""
        return text in self.first_texts or sound in self.first_sounds or text.startswith(self.first_prefixes)


def compile_pattern(pattern: str, units: Units = "words") -> Automaton:
    """Compile one pattern. Raises `PatternError` for one that cannot be read or could match nothing at all."""
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise PatternError(f"it is longer than {MAX_PATTERN_CHARACTERS} characters")
    if "{" in pattern or "}" in pattern:
        raise PatternError("`{` and `}` stand only round the name of a set of words")
    builder = _Builder(pattern)
    for item in _items(pattern):
        _add_item(builder, item, units)
    return builder.finished()


class _Builder:
    """Grows an automaton from left to right; `ends` are the states that what comes next may follow."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.states: list[State] = []
        self.follow: list[set[int]] = []
        self.first: set[int] = set()
        self.ends: set[int] = set()
        self.at_start = True
        self.anchors: tuple[tuple[State, ...], ...] = ()

    def add_choice(self, choices: list[list[State]], *, optional: bool) -> None:
        """Add one of several sequences of states, or with `optional` none of them."""
        before, began = set(self.ends), self.at_start
        ends: set[int] = set()
        for choice in choices:
            self.ends, self.at_start = set(before), began
            for state in choice:
                self._add_state(state)
            ends |= self.ends
        self.ends = ends | before if optional else ends
        self.at_start = began and optional
        if not optional:
            anchors = tuple(_anchor(choice) for choice in choices)
            self.anchors = max(self.anchors, anchors, key=lambda those: min(map(_rarity, those), default=_COMMON))

    def _add_state(self, state: State) -> None:
        number = len(self.states)
        if number >= MAX_PATTERN_STATES:
            raise PatternError(f"it has more than {MAX_PATTERN_STATES} words")
        self.states.append(state)
        self.follow.append(set())
        for end in self.ends:
            self.follow[end].add(number)
        if self.at_start:
            self.first.add(number)
        self.ends, self.at_start = {number}, False

    def finished(self) -> Automaton:
        """Close the automaton. Raises `PatternError` when it could match nothing, or begin or end with a gap."""
        if self.at_start:
            raise PatternError("it has no word that must be said")
        if any(self.states[number].gap for number in self.first | self.ends):
            raise PatternError("`...` needs a word that must be said before it and after it")
        follow = tuple(frozenset(numbers) for numbers in self.follow)
        first, last = frozenset(self.first), frozenset(self.ends)
        begin = [self.states[number] for number in first]
        return Automaton(
            pattern=self.pattern,
            states=tuple(self.states),
            first=first,
            last=last,
            follow=follow,
            anchors=self.anchors,
            left=self._left(),
            first_texts=frozenset(state.text for state in begin if not state.prefix),
            first_sounds=frozenset(sound for state in begin for sound in state.sounds),
            first_prefixes=tuple(state.text for state in begin if state.prefix),
        )

    def _left(self) -> tuple[int, ...]:
        left = [1] * len(self.states)
        for number in reversed(range(len(self.states))):  # what follows a state was added behind it
            if number not in self.ends:
                left[number] = 1 + min(left[after] for after in self.follow[number])
        return tuple(left)


_COMMON: Final = (False, 0, 0)


def _anchor(choice: Sequence[State]) -> tuple[State, ...]:
    """Give the rarest word of an alternative; of syllables the first two of one word, if it has them."""
    pairs = (pair for pair in pairwise(choice) if pair[0].sounds and pair[1].inside)
    return next(pairs, None) or (max(choice, key=lambda state: _rarity((state,))),)


def _rarity(anchor: tuple[State, ...]) -> tuple[bool, int, int]:
    """Guess how seldom an anchor is said: words with meaning are rarer, and long ones are."""
    return anchor[0].content and not anchor[0].gap, len(anchor), len(anchor[0].text)


_CLOSING: Final = {"(": ")", "[": "]"}
_GAP: Final = "..."


def _items(pattern: str) -> Iterator[str]:
    """Split into words, gaps and whole groups."""
    rest = pattern.replace("\N{HORIZONTAL ELLIPSIS}", _GAP).strip()
    while rest:
        closing = _CLOSING.get(rest[0])
        end = _group_end(rest, closing) if closing else _word_end(rest)
        yield rest[:end]
        rest = rest[end:].lstrip()


def _group_end(rest: str, closing: str) -> int:
    end = rest.find(closing)
    if end < 0:
        raise PatternError(f"`{rest[0]}` is never closed by `{closing}`")
    if any(mark in rest[1:end] for mark in "()[]"):
        raise PatternError(f"a group stands inside another group: `{rest[: end + 1]}`")
    return end + 1


def _word_end(rest: str) -> int:
    end = next((place for place, char in enumerate(rest) if char.isspace() or char in "([])|"), len(rest))
    if end == 0:
        raise PatternError(f"`{rest[0]}` stands outside a group")
    return end


def _add_item(builder: _Builder, item: str, units: Units) -> None:
    if item == _GAP:
        for _ in range(GAP_TOKENS[units]):
            builder.add_choice([[State("", gap=True)]], optional=True)
    elif item[0] in _CLOSING:
        choices = [one for choice in item[1:-1].split("|") for one in _sequences(choice, units)]
        builder.add_choice(choices, optional=item[0] == "[")
    else:
        builder.add_choice(_sequences(item, units), optional=False)


def _sequences(text: str, units: Units) -> list[list[State]]:
    """Give the sequences of states that an alternative stands for: one, or with a `~` one for each form."""
    words = text.split()
    inflected = [place for place, word in enumerate(words) if word.endswith("~")]
    if len(inflected) > 1:
        raise PatternError(f"`{text}` holds more than one `~`; a group of its own for each")
    if not inflected:
        return [_sequence(text, units)]
    (place,) = inflected
    stem = words[place].removesuffix("~").casefold()
    if not stem.isalpha():
        raise PatternError(f"`~` needs a word before it, not as in `{words[place]}`")
    return [_sequence(" ".join([*words[:place], form, *words[place + 1 :]]), units) for form in forms(stem)]


def _sequence(text: str, units: Units) -> list[State]:
    states = [state for word in text.split() for state in _word_states(word, units)]
    if not states:
        raise PatternError(f"`{text}` holds no word" if text.strip() else "an alternative is empty")
    return states


def _word_states(word: str, units: Units) -> list[State]:
    stem = word.removesuffix("*")
    if "*" in stem or "~" in stem:
        raise PatternError(f"`*` and `~` stand only at the end of a word, not as in `{word}`")
    if _GAP in stem:
        raise PatternError(f"`...` stands between words and outside groups, not as in `{word}`")
    texts = token_texts(stem, units)
    if word != stem and not texts:
        raise PatternError("`*` needs the beginning of a word before it")
    exact = [_word_state(text) for text in texts] if units == "words" else _syllable_states(texts)
    return [*exact[:-1], State(texts[-1], prefix=True, content=exact[-1].content)] if word != stem else exact


def _word_state(text: str) -> State:
    key = english_key(text) if len(text) >= MIN_ALIKE_LETTERS and is_content(text) else ""
    return State(text, content=is_content(text), sounds=frozenset({key} - {""}))


def _syllable_states(texts: Sequence[str]) -> list[State]:
    """Give the states of one Korean word; a word of one syllable is taken only as it is written."""
    if len(texts) < 2:
        return [State(text, content=True, lone=True) for text in texts]
    near = len(texts) >= MIN_NEAR_SYLLABLES
    return [
        State(
            text,
            content=True,
            sounds=frozenset({korean_key(text)}) | (near_keys(text) if near else frozenset[str]()),
            inside=place > 0,
        )
        for place, text in enumerate(texts)
    ]
