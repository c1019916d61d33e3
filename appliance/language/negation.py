"""Where a word like "not" takes the meaning of what follows away.

I do not want to cancel                     it does
I do not think I want to cancel             it does: one denies the thinking and means the wanting
I am not happy and I want to cancel         it does not: another clause has begun
if it is not mended I am leaving            it does not: whoever is named begins another clause
can I not cancel, why don't you cancel it   it does not: that is a question
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from appliance.language.normalise import Token

GUARD_WINDOW_WORDS: Final = 4
""""not going to cancel", "do not really want to cancel": a negation reaches about this far."""

_CLAUSES: Final = frozenset({"and", "but", "so", "because", "then", "until", "unless", "since", "therefore"})
_SUBJECTS: Final = frozenset({"i", "we", "you"})
_OPINIONS: Final = """
    think thought believe say said saying suppose mean meant know guess expect claim claimed told tell imply that like
"""
_HELD_OPINIONS: Final = frozenset(_OPINIONS.split())
"""Verbs through which "not" reaches into the next clause."""


def is_negated(tokens: Sequence[Token], start: int, negations: AbstractSet[str], window: int) -> bool:
    """Say whether the phrase that begins at `start` is taken away by one of `negations` shortly before it."""
    if tokens[start].text in _SUBJECTS and start and tokens[start - 1].text not in _HELD_OPINIONS | negations:
        return False
    for place in range(start, max(start - window, 0), -1):
        if tokens[place].begins_sentence:
            return False
        before = tokens[place - 1].text
        if before in negations:
            return tokens[place].text not in _SUBJECTS or place == start
        if before in _CLAUSES:
            return False
        if before in _SUBJECTS and not (place >= 2 and tokens[place - 2].text in _HELD_OPINIONS):
            return False
    return False
