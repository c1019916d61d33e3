"""How English words are spelled out, so that every way of writing one gives the same tokens."""

from collections.abc import Sequence
from typing import Final

FILLERS: Final = frozenset(
    {"um", "umm", "uh", "uhm", "er", "erm", "hm", "hmm", "mm", "mhm", "ah", "eh", "음", "어", "그니까"}
)
"""Sounds of thinking."""


def expanded(piece: str) -> Sequence[str]:
    """Give the words that a piece of text without spaces and signs stands for: "can't" is "can", "not"."""
    if piece in _WHOLE:
        return _WHOLE[piece]
    for ending, full in _ENDINGS.items():
        if piece.endswith(ending) and len(piece) > len(ending):
            return (*expanded(piece.removesuffix(ending)), full)
    if piece.endswith("'s"):
        owner = piece.removesuffix("'s")
        return (owner, "is") if owner in _IS_AFTER else (_VARIANTS.get(owner, owner),)
    if piece[0].isdecimal() and piece.isascii():
        return _number(piece)
    plain = piece.replace("'", "")
    return (_VARIANTS.get(plain, plain),)


_WHOLE: Final = {
    "can't": ("can", "not"),
    "cannot": ("can", "not"),
    "cant": ("can", "not"),
    "won't": ("will", "not"),
    "wont": ("will", "not"),
    "dont": ("do", "not"),
    "didnt": ("did", "not"),
    "doesnt": ("does", "not"),
    "isnt": ("is", "not"),
    "shan't": ("shall", "not"),
    "ain't": ("is", "not"),
    "let's": ("let", "us"),
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
    "gotta": ("got", "to"),
    "gimme": ("give", "me"),
    "lemme": ("let", "me"),
    "dunno": ("do", "not", "know"),
    "im": ("i", "am"),
    "ive": ("i", "have"),
    "anymore": ("any", "more"),
    "goodbye": ("good", "bye"),
    "alright": ("all", "right"),
    "would've": ("would", "have"),
    "y'all": ("you", "all"),
    "someones": ("someone", "is"),
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

_VARIANTS: Final = {
    "canceled": "cancelled",
    "canceling": "cancelling",
    "cancelation": "cancellation",
    "ok": "okay",
    "mom": "mum",
    "mommy": "mum",
    "cos": "because",
    "cuz": "because",
    "cause": "because",
    "til": "until",
    "till": "until",
    "thru": "through",
    "yeah": "yes",
    "yep": "yes",
    "yup": "yes",
    "nope": "no",
    "apologise": "apologize",
    "apologising": "apologizing",
    "recognise": "recognize",
    "realise": "realize",
    "organisation": "organization",
    "honour": "honor",
    "behaviour": "behavior",
    "favour": "favor",
    "cheque": "check",
    "cheques": "checks",
    "licence": "license",
    "programme": "program",
    "centre": "center",
    "instalment": "installment",
    "instalments": "installments",
    "colour": "color",
    "labour": "labor",
    "everyones": "everyone",
    "tyre": "tire",
    "storey": "story",
    "enquiry": "inquiry",
    "enquiries": "inquiries",
    "goin": "going",
    "callin": "calling",
    "waitin": "waiting",
    "talkin": "talking",
    "fuckin": "fucking",
}

_ONES: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def _number(piece: str) -> Sequence[str]:
    """Write numbers below a hundred as words, "2nd" too; what begins with a zero is a code and stays."""
    digits = piece.rstrip("dhnrst")
    if not digits.isdecimal() or len(digits) > 2 or (len(digits) == 2 and digits[0] == "0"):
        return (piece,)
    value = int(digits)
    words = (_ONES[value],) if value < len(_ONES) else (_TENS[value // 10], *([_ONES[value % 10]] * (value % 10 > 0)))
    if digits == piece:
        return words
    if piece[len(digits) :] not in ("st", "nd", "rd", "th"):
        return (piece,)
    return (*words[:-1], _ordinal(words[-1]))


def _ordinal(word: str) -> str:
    if word.endswith("y"):
        return word.removesuffix("y") + "ieth"
    return _ORDINALS.get(word, word + "th")
