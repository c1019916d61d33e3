"""Where a date is said in the answer to a question for a date of birth: "the third of May eighty two", "5월 3일"."""

import re
from collections.abc import Sequence
from typing import Final

from appliance.language.digit_words import is_digit_word
from appliance.language.normalise import token_texts
from appliance.language.stopwords import is_content

MAX_BETWEEN: Final = 2
"""Words like "of the" that stand between the parts of a date."""

MIN_WHOLE_DATE: Final = 3
"""Day, month and year."""


def date_spans(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Give the first and last word of each stretch that tells a date or a part of one. Linear in the words."""
    spans: list[tuple[int, int]] = []
    for place in range(len(texts)):
        if not _tells_date(texts, place):
            continue
        if spans and _joins(texts[spans[-1][1] + 1 : place]):
            spans[-1] = (spans[-1][0], place)
        else:
            spans.append((place, place))
    return [span for span in spans if not _is_count(texts, *span)]


def date_may_go_on(texts: Sequence[str]) -> int:
    """Give the word from which on nothing is said that could not be a part of a date, or how many words there are."""
    place = len(texts)
    while place and all(token in _BETWEEN | _VERBS_TOO for token in token_texts(texts[place - 1])):
        place -= 1
    return place


def is_whole_date(texts: Sequence[str]) -> bool:
    """Say whether these words of one span hold day, month and year."""
    digits = sum(len(text) for word in texts for text in re.findall(r"\d+", word))
    return digits >= 6 or sum(_tells_date(texts, place) for place in range(len(texts))) >= MIN_WHOLE_DATE


def _tells_date(texts: Sequence[str], place: int) -> bool:
    found = [token for token in token_texts(texts[place]) if token not in _BETWEEN]
    if not found or any(char in _MONEY for char in texts[place]):
        return False
    if _VERBS_TOO.issuperset(found):
        following = token_texts(texts[place + 1])[:1] if place + 1 < len(texts) else ()
        return not following or following[0] not in _SUBJECTS
    return all(_is_date_token(token) for token in found)


def _is_count(texts: Sequence[str], first: int, last: int) -> bool:
    """Tell "one moment": a digit alone before another word."""
    found = token_texts(texts[first])
    alone = first == last and len(found) == 1 and is_digit_word(found[0]) and not found[0].isdecimal()
    following = token_texts(texts[last + 1])[:1] if last + 1 < len(texts) else ()
    return alone and bool(following) and is_content(following[0])


def _is_date_token(token: str) -> bool:
    plain = token in _MONTHS or token in _ORDINALS or token in _NUMBERS or is_digit_word(token)
    return plain or token.isdecimal() or _KOREAN_DATE.fullmatch(token) is not None


def _joins(between: Sequence[str]) -> bool:
    return len(between) <= MAX_BETWEEN and all(token in _BETWEEN for text in between for token in token_texts(text))


_MONEY: Final = "$£€₩¥%"
_BETWEEN: Final = frozenset({"of", "the", "and", "in", "on", "slash", "dash", "dot", "point"})
_VERBS_TOO: Final = frozenset({"may", "march"})
_SUBJECTS: Final = frozenset({"i", "we", "you", "he", "she", "it"})
_NUMBERS: Final = frozenset({"hundred", "thousand", "oh", "o"})
_MONTHS: Final = frozenset(
    [
        *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
        *("november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
    ]
)
_ORDINALS: Final = frozenset(
    [
        *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
        *("twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
        *("twentieth", "thirtieth"),
    ]
)
_KOREAN_DATE: Final = re.compile(
    r"[\d공영일이삼사오육륙칠팔구십시유백천]+(년도|년생|년|월|일생|일)?(이요|이에요|예요|입니다|이고요|생|요|에|인데요)?"
)
