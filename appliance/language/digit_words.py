"""What a single word is when digits are read aloud."""

from dataclasses import dataclass
from typing import Final, Literal

from appliance.language.normalise import token_texts

MIN_JOINED_DIGITS: Final = 2
"""So many digits make a word of several parts a part of a run, whatever else is in it."""

MIN_CODE_DIGITS: Final = 4
"""So many make a code of a word with letters: "kl7924"."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a word, or part of one, is in a run of digits.

    *digits*: these for certain; `number` tells the words for ten to nineteen and for twenty to ninety. *oh*: nought,
    or just "oh". *like*: a word that recognizers write for a digit ("for", "to"). *repeat*: so many times the next
    digit ("double"). *scale*: "hundred". *filler*: nothing, and a run goes on over it. *other*: a run ends here.
    """

    kind: Literal["digits", "oh", "like", "repeat", "scale", "filler", "other"]
    digits: str = ""
    number: Literal["", "teen", "tens"] = ""
    times: int = 1


OTHER: Final = Piece("other")
FILLER: Final = Piece("filler")


def pieces(text: str) -> tuple[Piece, ...]:
    """Give the pieces of one word as a recognizer wrote it; of one without letters and digits a filler."""
    if any(char in _NOT_IN_CODES for char in text):
        return (OTHER,)
    found = tuple(_piece(token) for token in token_texts(text)) or (FILLER,)
    certain = tuple(piece for piece in found if piece.kind != "other")
    # Recognizers join digits and what they misheard: "side-five-five-five".
    return certain if sum(piece.kind == "digits" for piece in certain) >= MIN_JOINED_DIGITS else found


def is_digit_word(token: str) -> bool:
    """Say whether a token is surely a digit or several."""
    return _piece(token).kind == "digits"


_NOT_IN_CODES: Final = frozenset("$£€₩¥%:@")
"""Marks of money, shares, the time of day and addresses."""

_DIGITS: Final = "zero one two three four five six seven eight nine nought naught nil niner"
_TEENS: Final = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_REPEATS: Final = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
_LIKE_DIGITS: Final = {"to": "2", "too": "2", "for": "4", "fore": "4", "won": "1", "ate": "8", "tree": "3"}
_COPULAS: Final = ("이에요", "이요", "예요", "입니다", "이고요", "이고")
_FILLERS: Final = frozenset(
    ["dash", "hyphen", "space", "slash", "then", "다시", "대시", "하이픈", "에", "의", *_COPULAS]
)
_KOREAN_DIGITS: Final = dict(zip("공영일이삼사오육륙칠팔구", "001234566789", strict=True))
_KOREAN_ENDINGS: Final = (
    *("입니다", "이에요", "예요", "에요", "이고요", "이고", "이요", "이라고요", "요"),
    *("번이요", "번입니다", "번", "가", "에", ""),
)
_KOREAN_UNITS: Final = ("년", "원", "분", "시", "월", "개", "명")


_WORDS: Final = {
    **{word: Piece("digits", digit) for word, digit in zip(_DIGITS.split(), "01234567890009", strict=True)},
    **{word: Piece("digits", str(ten), "teen") for ten, word in enumerate(_TEENS.split(), 10)},
    **{word: Piece("digits", f"{ten}0", "tens") for ten, word in enumerate(_TENS.split(), 2)},
    **{word: Piece("like", digit) for word, digit in _LIKE_DIGITS.items()},
    **{word: Piece("repeat", times=times) for word, times in _REPEATS.items()},
    **dict.fromkeys(_FILLERS, FILLER),
    **dict.fromkeys(("oh", "o"), Piece("oh", "0")),
    "hundred": Piece("scale", "00"),
}


def _piece(token: str) -> Piece:
    if token in _WORDS:
        return _WORDS[token]
    digits = _written_digits(token) or _korean_digits(token)
    return Piece("digits", digits) if digits else OTHER


def _written_digits(token: str) -> str:
    """Give the digits of "4471" and of a code like "kl7924", but not of "b2b" nor of "2024년" or "3am"."""
    digits = "".join(char for char in token if char.isdecimal())
    if not digits:
        return ""
    rest = token.lstrip("0123456789")
    if rest in _KOREAN_ENDINGS and token[0].isdecimal():
        return digits
    return digits if len(digits) >= MIN_CODE_DIGITS and not rest.startswith(_KOREAN_UNITS) else ""


def _korean_digits(token: str) -> str:
    stems = (token.removesuffix(ending) for ending in _KOREAN_ENDINGS if token.endswith(ending))
    stem = next((stem for stem in stems if stem and _KOREAN_DIGITS.keys() >= set(stem)), "")
    return "".join(_KOREAN_DIGITS[char] for char in stem)
