"""From recognised words to comparable tokens, whichever engine wrote them.

One engine writes "i'm waiting", the other "I am waiting!": both give the tokens `i am waiting`. Korean is compared
by syllable, because engines put the spaces between its words at random.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from appliance.events import Word

Units = Literal["words", "syllables"]
"""What is compared: the words of a language with reliable spaces, or the syllables of one without."""


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


def token_texts(text: str, units: Units = "words") -> list[str]:
    """Give the token texts of some written text, for instance ["i", "am"] of "I'm".

    What redaction put in the place of words stays one token that no phrase can hold.
    """
    if is_redacted(text):
        return [text]
    plain = unicodedata.normalize("NFC", text).casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    parts = [part for piece in _pieces(plain) for part in _expanded(piece) if part not in _FILLERS]
    return parts if units == "words" else [syllable for part in parts for syllable in part]


def is_redacted(text: str) -> bool:
    """Say whether a word's text is one of the marks that redaction leaves."""
    return text == EMAIL_MARK or (text.startswith("[") and text.endswith(" digits]"))


def digits_mark(count: int) -> str:
    """Give the mark that stands for a run of `count` digits."""
    return f"[{count} digits]"


EMAIL_MARK: Final = "[e-mail]"

_SENTENCE_ENDS: Final = (".", "?", "!", "\N{IDEOGRAPHIC FULL STOP}")
_FILLERS: Final = frozenset({"um", "uh", "uhm", "er", "erm", "hm", "hmm", "mm", "mhm", "음", "어"})

_WHOLE: Final = {
    "can't": ("can", "not"),
    "cannot": ("can", "not"),
    "won't": ("will", "not"),
    "shan't": ("shall", "not"),
    "ain't": ("is", "not"),
    "let's": ("let", "us"),
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
    "gotta": ("got", "to"),
}
_ENDINGS: Final = {
    "n't": "not",
    "'m": "am",
    "'re": "are",
    "'ve": "have",
    "'ll": "will",
    "'d": "would",
}
_IS_AFTER: Final = frozenset({"he", "here", "how", "it", "she", "that", "there", "this", "what", "where", "who", "why"})


def _pieces(text: str) -> list[str]:
    """Split at everything that is neither a letter, a mark, a digit nor an apostrophe inside a word."""
    spaced = "".join(char if _belongs(char) else " " for char in text)
    return [piece for part in spaced.split() if (piece := part.strip("'"))]


def _belongs(char: str) -> bool:
    return char.isalnum() or char == "'" or unicodedata.category(char).startswith("M")


def _expanded(piece: str) -> Sequence[str]:
    if piece in _WHOLE:
        return _WHOLE[piece]
    for ending, full in _ENDINGS.items():
        if piece.endswith(ending) and len(piece) > len(ending):
            return (*_expanded(piece.removesuffix(ending)), full)
    if piece.endswith("'s"):
        owner = piece.removesuffix("'s")
        return (owner, "is") if owner in _IS_AFTER else (owner,)
    return (piece.replace("'", ""),)
