"""From recognised words to comparable tokens, whichever engine wrote them.

One engine writes "i'm waiting", the other "I am waiting!": both give the tokens `i am waiting`. "Good-bye" and
"goodbye" are the same, as are "2nd" and "second", "canceled" and "cancelled". Korean is compared by syllable, because
engines put the spaces between its words at random.
"""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from appliance.events import Word
from appliance.language.marks import is_redacted
from appliance.language.spelling import FILLERS, expanded

Units = Literal["words", "syllables"]
"""What is compared: the words of a language with reliable spaces, or the syllables of one without."""

_CACHED_TEXTS: Final = 4096
"""Words come again and again; as many as a person uses in a month."""


class Token(NamedTuple):
    """One comparable piece: its text, the index of the word it came from, and whether a sentence begins here."""

    text: str
    word: int
    begins_sentence: bool


def units_of(language: str) -> Units:
    """Give the units in which this language (a tag like "en" or "ko-KR") is compared."""
    return "syllables" if language.lower().startswith("ko") else "words"


def tokens(words: Sequence[Word], units: Units = "words") -> list[Token]:
    """Give the tokens of some words in order; fillers and bare punctuation give none."""
    found: list[Token] = []
    begins_sentence = True
    for index, word in enumerate(words):
        for text in token_texts(word.text, units):
            found.append(Token(text, index, begins_sentence))
            begins_sentence = False
        begins_sentence = begins_sentence or word.text.endswith(_SENTENCE_ENDS)
    return found


@lru_cache(_CACHED_TEXTS)
def token_texts(text: str, units: Units = "words") -> Sequence[str]:
    """Give the token texts of some written text, for instance ["i", "am"] of "I'm".

    What redaction put in the place of words stays one token that no phrase can hold.
    """
    if is_redacted(text):
        return (text,)
    plain = unicodedata.normalize("NFC", text).casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    pieces = [piece for piece in _pieces(plain) if piece not in FILLERS]
    if units == "syllables":
        return tuple(syllable for piece in pieces for syllable in piece)
    return tuple(part for piece in pieces for part in expanded(piece) if part not in FILLERS)


_SENTENCE_ENDS: Final = (".", "?", "!", "\N{IDEOGRAPHIC FULL STOP}")


def _pieces(text: str) -> list[str]:
    """Split at everything that is neither a letter, a mark, a digit nor an apostrophe inside a word.

    The old hyphens of "to-morrow" and "to-day" only join.
    """
    joined = text.replace("to-morrow", "tomorrow").replace("to-day", "today").replace("to-night", "tonight")
    spaced = "".join(char if _belongs(char) else " " for char in joined)
    return [piece for part in spaced.split() if (piece := part.strip("'"))]


def _belongs(char: str) -> bool:
    return char.isalnum() or char == "'" or unicodedata.category(char).startswith("M")
