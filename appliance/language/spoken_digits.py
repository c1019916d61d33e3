"""Where digits are read aloud, whichever way recognizers write them.

    four four seven one    Double-four,    4471-902    [42]    사사칠일    일입니다    for zero one two

Numbers that say how much, how long or when are left alone: ninety dollars, ten to fifteen minutes, eleven thirty,
12:30, $1500, 1500 dollars, 이십 분, 구만 원.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from appliance.language.normalise import token_texts

MIN_SECRET_DIGITS: Final = 4
"""The shortest of what must not be kept: the code of a card or a telephone."""

MIN_CERTAIN_DIGITS: Final = 3
"""So many real digits make the "for" or "to" at either end of a run a digit as well."""

MIN_JOINED_DIGITS: Final = 2
"""So many digits make a word of several parts a part of a run, whatever else is in it."""


@dataclass(frozen=True, slots=True)
class DigitRun:
    """Digits spoken one after the other: the words from `first` to `last`, both inclusive.

    `is_quantity`: it is a number that means something. `is_open`: the words end here, more digits may follow.
    """

    first: int
    last: int
    count: int
    is_quantity: bool
    is_open: bool


def digit_runs(texts: Sequence[str]) -> list[DigitRun]:
    """Give each run of one digit or more in the words of an utterance, in order. Linear in the words."""
    words = [_spoken(text) for text in texts]
    runs: list[DigitRun] = []
    start = 0
    for end in range(len(words) + 1):
        if end == len(words) or _ends_run(words, end):
            run = _run(texts, words, start, end)
            runs += [run] if run else []
            start = end + 1
    return runs


def is_digit_word(token: str) -> bool:
    """Say whether a token is surely a digit or several."""
    return _piece(token).kind == "digits"


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a word, or part of one, is in a run of digits.

    *digits*: so many for certain; `number` tells the words for ten to nineteen and for twenty to ninety.
    *like*: a word that recognizers write for a digit ("for", "to"). *repeat*: so many times the next digit
    ("double"). *filler*: nothing, and a run goes on over it. *other*: a run ends here.
    """

    kind: Literal["digits", "like", "repeat", "filler", "other"]
    count: int = 0
    number: Literal["", "teen", "tens"] = ""


_OTHER: Final = _Piece("other")
_FILLER: Final = _Piece("filler")

_NOT_IN_CODES: Final = frozenset("$£€₩¥%:@")
"""Marks of money, shares, the time of day and addresses."""

_DIGITS: Final = frozenset(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "nought", "naught", "nil"]
)
_LIKE_DIGITS: Final = frozenset(["oh", "o", "to", "too", "for", "fore", "won", "ate", "tree"])
_TEENS: Final = frozenset(
    ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
)
_TENS: Final = frozenset(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])
_REPEATS: Final = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
_FILLERS: Final = frozenset(["dash", "hyphen", "space", "then", "다시", "대시", "하이픈", "에", "의"])
_KOREAN_DIGITS: Final = frozenset("공영일이삼사오육륙칠팔구")
_KOREAN_ENDINGS: Final = ("입니다", "이에요", "예요", "에요", "이고요", "이고", "이요", "요", "번", "에", "")
_TIME: Final = frozenset(["minutes", "hours", "days", "weeks", "months", "years", "분", "시간", "년", "월", "개월"])
_MONEY: Final = frozenset(["dollars", "pounds", "euros", "won", "yen", "cents", "pence", "percent", "원", "퍼센트"])
_MEASURES: Final = frozenset(["miles", "kilometers", "kilometres", "units", "kilowatt", "kilowatts", "people", "명"])
_UNITS: Final = _TIME | _MONEY | _MEASURES


def _spoken(text: str) -> tuple[_Piece, ...]:
    if any(char in _NOT_IN_CODES for char in text):
        return (_OTHER,)
    found = tuple(_piece(token) for token in token_texts(text)) or (_FILLER,)
    certain = tuple(piece for piece in found if piece.kind != "other")
    # Recognizers join digits and what they misheard: "side-five-five-five".
    return certain if sum(piece.kind == "digits" for piece in certain) >= MIN_JOINED_DIGITS else found


def _piece(token: str) -> _Piece:
    if token in _DIGITS:
        return _Piece("digits", 1)
    if token in _LIKE_DIGITS:
        return _Piece("like", 1)
    if token in _TEENS or token in _TENS:
        return _Piece("digits", 2, "tens" if token in _TENS else "teen")
    if token in _REPEATS:
        return _Piece("repeat", _REPEATS[token])
    if token in _FILLERS:
        return _FILLER
    count = _written_digits(token) or _korean_digits(token)
    return _Piece("digits", count) if count else _OTHER


def _written_digits(token: str) -> int:
    """Count the digits of "4471" and of a code like "kl7924", but not of "b2b" nor of "2024년"."""
    count = sum(char.isdecimal() for char in token)
    is_code = count == len(token) or (count >= MIN_SECRET_DIGITS and token.lstrip("0123456789") not in _UNITS)
    return count if is_code else 0


def _korean_digits(token: str) -> int:
    stems = (token.removesuffix(ending) for ending in _KOREAN_ENDINGS if token.endswith(ending))
    return next((len(stem) for stem in stems if stem and _KOREAN_DIGITS.issuperset(stem)), 0)


def _ends_run(words: Sequence[tuple[_Piece, ...]], index: int) -> bool:
    """Say whether a word is no part of any run; "to" and "for" next to a ten or a twenty are just words."""
    kinds = {piece.kind for piece in words[index]}
    if "other" in kinds:
        return True
    beside = (*words[max(index - 1, 0) : index], *words[index + 1 : index + 2])
    return kinds == {"like"} and any(piece.number for word in beside for piece in word)


def _run(texts: Sequence[str], words: Sequence[tuple[_Piece, ...]], start: int, end: int) -> DigitRun | None:
    """Give the run within the words from `start` to before `end`, less what does not belong to it at its ends."""
    first, last = _ends(words, start, end, {"digits", "repeat"})
    if _count(words[first : last + 1]) >= MIN_CERTAIN_DIGITS:
        first, last = _ends(words, start, end, {"digits", "repeat", "like"})
    count = _count(words[first : last + 1])
    if not count:
        return None
    return DigitRun(first, last, count, _is_quantity(texts, words, first, last), end == len(words))


def _ends(words: Sequence[tuple[_Piece, ...]], start: int, end: int, kinds: set[str]) -> tuple[int, int]:
    """Give the first and last word with a piece of these kinds, or an empty span."""
    inside = [index for index in range(start, end) if any(piece.kind in kinds for piece in words[index])]
    return (inside[0], inside[-1]) if inside else (start, start - 1)


def _count(words: Sequence[tuple[_Piece, ...]]) -> int:
    count, times, after_tens = 0, 1, False
    for piece in (piece for word in words for piece in word):
        if piece.kind == "repeat":
            times = piece.count
        elif piece.kind != "filler":
            # "twenty seven" is two digits, as "twenty" is.
            count += 0 if after_tens and piece.count == 1 else piece.count * times
            times, after_tens = 1, piece.number == "tens"
    return count


def _is_quantity(texts: Sequence[str], words: Sequence[tuple[_Piece, ...]], first: int, last: int) -> bool:
    """Tell "1500 dollars", and "eleven thirty", "twenty twenty four" or "ten fifteen": two numbers of two digits."""
    following = token_texts(texts[last + 1]) if last + 1 < len(texts) else []
    if first == last and following and following[0] in _UNITS:
        return True
    spoken = [piece for word in words[first : last + 1] for piece in word]
    numbers = sum(bool(piece.number) for piece in spoken)
    return bool(spoken[0].number) and numbers == 2 and _count([tuple(spoken)]) == MIN_SECRET_DIGITS
