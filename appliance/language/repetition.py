"""Notices where an engine has fallen into a loop: it says one thing over and over, faster than anyone speaks.

Engines that write a text piece by piece, each from those before, can be caught by what they wrote last ("Sci-fi-fi-fi"
for "five five five five"). People repeat themselves as well: digits, "no, no, no". The pace tells the two apart.
"""

import re
from itertools import pairwise
from typing import Final, NamedTuple

MIN_REPEATS: Final = 4
FASTEST_PER_S: Final = 5.0
"""Syllables. Sixteen equal digits of a card number were read at 3.2 a second, loops ran at 6.5; one may speak faster
than this, but not the same syllable again and again."""

FASTEST_SPEECH_PER_S: Final = 8.0
"""Syllables of different words; the time for what is not repeated is at least this short."""

MIN_PHRASE_REPEATS: Final = 5
FASTEST_PHRASE_PER_S: Final = 4.0
"""Two and more words in a loop come at the engine's own pace, four to five syllables a second; nobody says a whole
phrase so often so fast."""

LONGEST_UNIT: Final = 8
"""Words. What repeats itself after more of them is a refrain and not a loop."""


class Word(NamedTuple):
    """A word, or a part of one that repeats itself inside ("fifififi"), by its place in the text."""

    text: str
    start: int
    end: int


class Loop(NamedTuple):
    """The places in the text where the first time ends and where the last time ends."""

    first_end: int
    end: int


def find_loop(text: str, duration_s: float) -> Loop | None:
    """Find the longest loop in what is said to have been spoken in this time; None where there is none."""
    words = _words(text)
    found: tuple[int, Loop] | None = None
    for unit in range(1, min(LONGEST_UNIT, len(words) // MIN_REPEATS) + 1):
        for first, last in _runs(words, unit):
            if _is_loop(words, unit, first, last, duration_s) and (found is None or last - first > found[0]):
                found = last - first, Loop(words[first + unit - 1].end, words[last - 1].end)
    return found[1] if found else None


def without_loops(text: str, duration_s: float) -> str:
    """Say what is said in a loop once."""
    while loop := find_loop(text, duration_s):
        text = text[: loop.first_end] + text[loop.end :]
    return text


def _words(text: str) -> list[Word]:
    """Split also where a hyphen joins words, and where letters repeat themselves four times and more."""
    words = []
    for match in re.finditer(r"[^\W_]+", text):
        words += _parts(match.group().lower(), match.start())
    return words


def _parts(word: str, start: int) -> list[Word]:
    inside = re.search(r"([^\W\d_]{1,6}?)\1{3,}", word)
    if not inside:
        return [Word(word, start, start + len(word))]
    length = len(inside.group(1))
    edges = [0, *range(inside.start(), inside.end() + 1, length), len(word)]
    return [Word(word[begin:end], start + begin, start + end) for begin, end in pairwise(edges) if end > begin]


def _runs(words: list[Word], unit: int) -> list[tuple[int, int]]:
    """Give the stretches (first word, behind the last one) of whole repeats of as many words."""
    runs, first = [], 0
    for at in range(unit, len(words) + 1):
        if at < len(words) and words[at].text == words[at - unit].text:
            continue
        last = first + (at - first) // unit * unit
        if last - first >= MIN_REPEATS * unit:
            runs.append((first, last))
        first = at - unit + 1
    return runs


def _is_loop(words: list[Word], unit: int, first: int, last: int, duration_s: float) -> bool:
    is_phrase = len({word.text for word in words[first : first + unit]}) > 1
    if is_phrase and last - first < MIN_PHRASE_REPEATS * unit:
        return False
    fastest_per_s = FASTEST_PHRASE_PER_S if is_phrase else FASTEST_PER_S
    repeated = sum(_syllables(word.text) for word in words[first:last])
    others = sum(_syllables(word.text) for word in (*words[:first], *words[last:]))
    return repeated > fastest_per_s * max(0.0, duration_s - others / FASTEST_SPEECH_PER_S)


def _syllables(word: str) -> int:
    """Count groups of vowels, but for a silent e, at least one; each digit counts as one."""
    if word.isdigit():
        return len(word)
    return max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(?<=[^aeiouy])e$", "", word))))
