"""Where digits are read aloud, whichever way recognizers write them.

    four four seven one    Double-four,    4471-902    [42]    사사칠일    for zero one two    forty two eleven

Numbers that say how much, how long or when are told apart: ninety dollars, ten to fifteen minutes, eleven thirty,
nineteen ninety, 12:30, $1500, 1500 dollars, 이십 분, 구만 원.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from appliance.language.digit_words import FILLER, Piece, pieces
from appliance.language.normalise import token_texts

MIN_SECRET_DIGITS: Final = 4
"""The shortest of what must not be kept: the code of a card or a telephone."""

MIN_CERTAIN_DIGITS: Final = 3
"""So many real digits make the "for" or "to" at either end of a run a digit as well."""

MIN_PLAIN_DIGITS: Final = 2
"""So many real digits in an utterance of nothing else make every "for" and "to" in it a digit as well."""

MIN_PLAIN_EAGER: Final = 1
"""And so many where a number is expected."""

CORRECTS: Final = frozenset(
    [
        *("no", "sorry", "wait", "actually", "oops", "correction", "scratch", "rather", "mean", "i"),
        *("아니", "아니요", "죄송", "죄송해요", "죄송합니다", "잠깐", "잠깐만요"),
    ]
)
"""What people say when they have misread."""

LINKS: Final = frozenset(["and", "then", "okay", "yes", "right", "is", "it", "네", "예", "그리고", "다음은"])
"""What they say between two groups."""

LEADS_IN: Final = LINKS | {"that", "the", "so", "my", "number", "sure", "code", "here", "번호는", "고객", "번호"}
"""And before the first."""

BETWEEN: Final = CORRECTS | LEADS_IN

MIN_SCALED_DIGITS: Final = 3
"""After so many digits "hundred" is two more of them: "oh seven seven double oh nine hundred"."""


@dataclass(frozen=True, slots=True)
class DigitRun:
    """Digits spoken one after the other: the words from `first` to `last`, both inclusive.

    `reach` is where it begins if every word before it that sounds like a digit is one. `is_quantity`: it is a number
    that means something, unless somebody asked for a number. `is_measured`: it is one whatever was asked, for its unit
    stands after it. `is_open`: the words end here, more digits may follow.
    """

    first: int
    last: int
    digits: str
    reach: int
    is_quantity: bool
    is_measured: bool
    is_open: bool

    @property
    def count(self) -> int:
        """How many digits they are."""
        return len(self.digits)


def digit_runs(texts: Sequence[str], *, eager: bool = False) -> list[DigitRun]:
    """Give each run of one digit or more in the words of an utterance, in order. Linear in the words.

    In an utterance of nothing but digits and what sounds like them, all are digits; `eager`: a number is expected, so
    even where nothing but "oh" and "for" was said.
    """
    words = [pieces(text) for text in texts]
    everything = [piece for word in words for piece in word]
    said = [piece for text, word in zip(texts, words, strict=True) if not _only(text, BETWEEN) for piece in word]
    plain = sum(piece.kind == "digits" and not piece.number for piece in said)
    wanted = MIN_PLAIN_EAGER if eager else MIN_PLAIN_DIGITS
    if all(piece.kind not in ("other", "scale") for piece in said) and (
        plain >= wanted or (eager and said == everything)
    ):
        words = [tuple(_certain(piece) for piece in word) for word in words]
    runs: list[DigitRun] = []
    start = certain = 0
    for end in range(len(words) + 1):
        if end == len(words) or _ends_run(words, end, certain):
            run = _run(texts, words, start, end)
            runs += [run] if run else []
            start, certain = end + 1, 0
        else:
            certain += sum(len(piece.digits) + piece.times - 1 for piece in words[end])
    return runs


def digits_may_begin(texts: Sequence[str]) -> int:
    """Give the word from which on all may be the beginning of a number: "double", "for", "oh"; or how many they are."""
    begin = place = len(texts)
    while place and {piece.kind for piece in pieces(texts[place - 1])} <= _MAY_BEGIN | {FILLER.kind}:
        place -= 1
        if pieces(texts[place]) not in ((), (FILLER,)):
            begin = place
    return begin


_MAY_BEGIN: Final = frozenset({"oh", "like", "repeat"})


def _ends_run(words: Sequence[tuple[Piece, ...]], index: int, certain: int) -> bool:
    """Say whether a word is no part of any run; "to" and "for" next to a ten or a twenty are just words."""
    kinds = {piece.kind for piece in words[index]}
    if "other" in kinds or ("scale" in kinds and certain < MIN_SCALED_DIGITS):
        return True
    beside = (*words[max(index - 1, 0) : index], *words[index + 1 : index + 2])
    return kinds == {"like"} and any(piece.number for word in beside for piece in word)


def _only(text: str, of: AbstractSet[str]) -> bool:
    return all(token in of for token in token_texts(text))


def _certain(piece: Piece) -> Piece:
    return Piece("digits", piece.digits) if piece.kind in ("oh", "like") else piece


def _run(texts: Sequence[str], words: Sequence[tuple[Piece, ...]], start: int, end: int) -> DigitRun | None:
    """Give the run within the words from `start` to before `end`, less what does not belong to it at its ends."""
    if not any(piece.kind == "digits" for word in words[start:end] for piece in word):
        return None
    first, last = _ends(words, start, end, {"digits", "oh", "repeat", "scale"})
    while first < last and words[first][0].kind == "oh" and words[first + 1][0].number:
        # "Oh, eleven thirty is fine."
        first = start = first + 1
    reach, outer_last = _ends(words, start, end, {"digits", "oh", "repeat", "scale", "like"})
    if len(_digits(words[first : last + 1])) >= MIN_CERTAIN_DIGITS:
        first, last = reach, outer_last
    digits = _digits(words[first : last + 1])
    measured = _is_measured(texts, words, first, last)
    quantity = measured or _is_year_or_time(texts, words, first, last, digits)
    return DigitRun(first, last, digits, min(reach, first), quantity, measured, end == len(words))


def _ends(words: Sequence[tuple[Piece, ...]], start: int, end: int, kinds: set[str]) -> tuple[int, int]:
    """Give the first and last word with a piece of these kinds, or an empty span."""
    inside = [index for index in range(start, end) if any(piece.kind in kinds for piece in words[index])]
    return (inside[0], inside[-1]) if inside else (start, start - 1)


def _digits(words: Sequence[tuple[Piece, ...]]) -> str:
    found, times, after_tens = "", 1, False
    for piece in (piece for word in words for piece in word):
        if piece.kind == "repeat":
            times = piece.times
        elif piece.kind != FILLER.kind:
            # "twenty seven" is 27: the seven takes the place of the nought.
            found = found[:-1] + piece.digits if after_tens and len(piece.digits) == 1 else found + piece.digits * times
            times, after_tens = 1, piece.number == "tens"
    return found


def _is_measured(texts: Sequence[str], words: Sequence[tuple[Piece, ...]], first: int, last: int) -> bool:
    """Tell "1500 dollars" and "twenty four hours", not "four four seven one dollars"."""
    following = token_texts(texts[last + 1])[:1] if last + 1 < len(texts) else ()
    if not following or following[0] not in UNITS:
        return False
    spoken = [piece for word in words[first : last + 1] for piece in word]
    plain = sum(piece.kind == "digits" and not piece.number for piece in spoken)
    return first == last or plain <= 1


def _is_year_or_time(
    texts: Sequence[str], words: Sequence[tuple[Piece, ...]], first: int, last: int, digits: str
) -> bool:
    """Tell "eleven thirty" and "twenty twenty four", not "forty two eleven", and "in 2019"."""
    if len(digits) != MIN_SECRET_DIGITS:
        return False
    is_year = digits[:2] in ("19", "20")
    if first == last and digits.isdecimal() and digits in texts[first]:
        before = token_texts(texts[first - 1])[-1:] if first else ()
        return is_year and bool(before) and before[0] in _BEFORE_YEARS
    numbers = [piece for word in words[first : last + 1] for piece in word if piece.number]
    is_time = digits[:2] in ("10", "11", "12") and digits[2:] < "60"
    spoken = sum(piece.kind == "digits" for word in words[first : last + 1] for piece in word)
    # Two numbers, of which the second may have its ones: "twenty twenty four".
    return len(numbers) == 2 and spoken <= 3 and bool(words[first][0].number) and (is_year or is_time)


_TIME: Final = frozenset(
    ["minutes", "hours", "days", "weeks", "months", "years", "am", "pm", "분", "시간", "년", "월", "개월"]
)
_MONEY: Final = frozenset(["dollars", "pounds", "euros", "won", "yen", "cents", "pence", "percent", "원", "퍼센트"])
_MEASURES: Final = frozenset(
    ["miles", "kilometers", "kilometres", "units", "kilowatt", "kilowatts", "people", "명", "kilos"]
)
UNITS: Final = _TIME | _MONEY | _MEASURES
"""Words that make a number of what stands before them."""

_BEFORE_YEARS: Final = frozenset(["in", "since", "from", "until", "of", "year", "by", "before", "after"])
