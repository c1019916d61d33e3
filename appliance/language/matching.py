"""How an automaton is run over what was heard.

Steps over what people slip in ("just", "please", "진짜") and over words that were said twice; takes a word that sounds
like the one that is waited for, or two or three short words that together do ("super visor"), as long as most of the
match is exact. One pass from left to right with a set of states, so it costs at most words times states.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from appliance.language.normalise import Token, Units
from appliance.language.patterns import Automaton, State
from appliance.language.sounds import are_alike, english_key, korean_key

MAX_ALIKE: Final[dict[Units, int]] = {"words": 1, "syllables": 2}
"""So many pieces of one match may merely sound right; more, and any sentence becomes any other."""

EXACT_FOR_ALIKE: Final = 1
"""And so many pieces must be exact for each of these."""

MAX_LEFT: Final[dict[Units, int]] = {"words": 1, "syllables": 3}
"""What may be missing from a match that has begun: a word. With more to come, too much can come instead."""

MIN_BEGUN: Final[dict[Units, int]] = {"words": 1, "syllables": 2}
"""What a beginning has at least, besides what people slip in; one syllable begins half of all words."""

MAX_JOINED: Final = 3
"""Recognizers break a word they don't know into so many: "on buds man"."""

_ENGLISH_SLIPS: Final = """
    just really actually simply please finally bloody damn fucking very now literally basically honestly seriously also
    even immediately definitely probably maybe kindly again okay well so
"""
_KOREAN_SLIPS: Final = "좀 그냥 진짜 정말 당장 빨리 지금 제발 아예 바로 그만 또 저 막 다시 이제"
_SLIPPED_IN: Final[dict[Units, frozenset[str]]] = {
    "words": frozenset(_ENGLISH_SLIPS.split()),
    "syllables": frozenset(_KOREAN_SLIPS.split()),
}
_LONGEST_SLIP: Final = 2


class Alike(NamedTuple):
    """What was heard, and the word of the pattern that it sounds like."""

    heard: str
    meant: str


class Path(NamedTuple):
    """A match: the token after its last one, the tokens that carry its meaning, and what merely sounded right."""

    end: int
    content: tuple[int, ...]
    exact: int
    alike: tuple[Alike, ...]


@dataclass(frozen=True)
class Heard:
    """The tokens of one utterance, with what the matcher asks of them again and again."""

    tokens: Sequence[Token]
    units: Units

    @cached_property
    def sounds(self) -> list[str]:
        """What each token sounds like."""
        key = english_key if self.units == "words" else korean_key
        return [key(token.text) for token in self.tokens]

    @cached_property
    def skips(self) -> list[int]:
        """How many tokens from each place on mean nothing to a phrase, 0 for most."""
        return [self._skip(place) for place in range(len(self.tokens))]

    @cached_property
    def slips(self) -> frozenset[int]:
        """The tokens that mean nothing to most phrases, wherever they stand."""
        skips = enumerate(self.skips)
        return frozenset(place for first, count in skips for place in range(first, first + count))

    def begins_word(self, place: int) -> bool:
        """Say whether a word as it was written begins with this token."""
        return not place or self.tokens[place].word != self.tokens[place - 1].word

    def starts(self, automaton: Automaton) -> list[int]:
        """Give the places at which a match may begin."""
        sounds = self.sounds
        return [
            place
            for place, token in enumerate(self.tokens)
            if automaton.may_begin(token.text, sounds[place])
            or (automaton.first_sounds and any(key in automaton.first_sounds for key in self._joined_sounds[place]))
        ]

    @cached_property
    def _joined_sounds(self) -> list[list[str]]:
        return [[english_key(text) for _, text in self.joined(place)] for place in range(len(self.tokens))]

    def joined(self, place: int) -> list[tuple[int, str]]:
        """Give what two or three tokens from this place on are together, with their number."""
        return self._joined[place]

    @cached_property
    def _joined(self) -> list[list[tuple[int, str]]]:
        if self.units == "syllables":
            return [[] for _ in self.tokens]
        texts = [token.text for token in self.tokens]
        return [
            [
                (count, "".join(texts[place : place + count]))
                for count in range(2, min(MAX_JOINED, len(texts) - place) + 1)
            ]
            for place in range(len(texts))
        ]

    def _skip(self, place: int) -> int:
        texts = [token.text for token in self.tokens[place : place + _LONGEST_SLIP]]
        if self.units == "words" and place and texts[0] == self.tokens[place - 1].text:
            return 1
        slips = _SLIPPED_IN[self.units]
        return next((count for count in range(len(texts), 0, -1) if "".join(texts[:count]) in slips), 0)


def longest_match(
    automaton: Automaton, heard: Heard, start: int, barred: AbstractSet[str], *, alike: bool = True
) -> Path | None:
    """Give the longest match that begins at `start`; no gap takes a token of `barred`.

    Of several ways to the same end the one counts in which most is exact. Without `alike` all of it must be.
    """
    return _run(automaton, heard, start, barred, MAX_ALIKE[heard.units] if alike else 0)[0]


def is_begun(automaton: Automaton, heard: Heard, start: int, barred: AbstractSet[str]) -> bool:
    """Say whether the tokens from `start` to the last one are a match but for `MAX_LEFT` tokens at most."""
    best, waiting = _run(automaton, heard, start, barred, MAX_ALIKE[heard.units])
    next_states = waiting.get(len(heard.tokens), {})
    near = (path for number, path in next_states.items() if automaton.left[number] <= MAX_LEFT[heard.units])
    least, since = MIN_BEGUN[heard.units], len(heard.tokens) - 1 - MAX_LEFT[heard.units]
    said = ([place for place in path.content if place not in heard.slips] for path in near)
    return best is None and any(len(places) >= least and places[-1] >= since for places in said)


def _run(
    automaton: Automaton, heard: Heard, start: int, barred: AbstractSet[str], limit: int
) -> "tuple[Path | None, _Waiting]":
    """Give the best match, and which states wait for the token at which place behind the last one."""
    # A word of one syllable is inside many others: no match begins in the middle of what was written as one.
    first = [number for number in automaton.first if heard.begins_word(start) or not automaton.states[number].lone]
    waiting: _Waiting = {start: dict.fromkeys(first, Path(start, (), 0, ()))}
    best: Path | None = None
    for place in range(start, len(heard.tokens)):
        here = waiting.pop(place, None)
        if not here:
            if not waiting:
                break
            continue
        text = heard.tokens[place].text
        for number, path in here.items():
            state = automaton.states[number]
            if state.is_plain and state.text != text:
                continue
            for after in _steps(state, heard, place, path, barred, limit):
                _wait(waiting, automaton.follow[number], after)
                if number in automaton.last and _is_better(after, best):
                    best = after
        if place > start:
            _slip(waiting, automaton, here, place, heard.skips[place])
    return best, waiting


_Waiting = dict[int, dict[int, Path]]
"""By the place of the next token, the states that wait for it, each with the best way to get there."""


def _slip(waiting: _Waiting, automaton: Automaton, here: dict[int, Path], place: int, count: int) -> None:
    """Let what waits for this token wait on behind what was slipped in."""
    for number, path in here.items() if count else ():
        if not automaton.states[number].inside:
            _wait(waiting, (number,), path._replace(end=place + count))


def _steps(state: State, heard: Heard, place: int, path: Path, barred: AbstractSet[str], limit: int) -> Sequence[Path]:
    """Give the ways in which a state takes the token at a place, or several from there on."""
    token = heard.tokens[place]
    if state.gap:
        ok = token.text not in barred and not token.begins_sentence
        return (path._replace(end=place + 1),) if ok else ()
    content = (*path.content, place) if state.content else path.content
    if state.takes(token.text):
        return (Path(place + 1, content, path.exact + 1, path.alike),)
    if not state.sounds or len(path.alike) >= limit:
        return ()
    if heard.sounds[place] in state.sounds and (heard.units == "syllables" or are_alike(token.text, state.text)):
        return (Path(place + 1, content, path.exact, (*path.alike, Alike(token.text, state.text))),)
    return [
        Path(place + count, content, path.exact, (*path.alike, Alike(text, state.text)))
        for count, text in heard.joined(place)
        if text == state.text or (english_key(text) in state.sounds and are_alike(text, state.text))
    ]


def _wait(waiting: _Waiting, states: Sequence[int] | frozenset[int], path: Path) -> None:
    there = waiting.setdefault(path.end, {})
    for number in states:
        known = there.get(number)
        if known is None or len(path.alike) < len(known.alike):
            there[number] = path


def _is_better(path: Path, best: Path | None) -> bool:
    if path.exact < EXACT_FOR_ALIKE * len(path.alike) or not path.exact:
        return False
    return best is None or (path.end, -len(path.alike)) > (best.end, -len(best.alike))
