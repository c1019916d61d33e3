"""Where an e-mail address is spoken or written: "jessica dot hall at example dot com", "Jessica.Hall@example.com"."""

from collections.abc import Sequence
from typing import Final

from appliance.language.normalise import token_texts
from appliance.language.spoken_digits import is_digit_word

MAX_DOMAIN_WORDS: Final = 3
"""Words between "at" and "dot": "at north wind dot com"."""

MAX_OPEN_TOKENS: Final = 8
"""In a partial, a "dot" so near the end may still become an address."""

_AT: Final = frozenset({"at", "골뱅이", "앳"})
_DOT: Final = frozenset({"dot", "점", "닷"})
_JOINTS: Final = _DOT | {"underscore", "dash", "hyphen", "plus", "point", "언더바"}
_OPENS: Final = frozenset({"dot", "underscore", "닷", "골뱅이", "언더바"})
"""Words that people hardly say but in an address."""

_Token = tuple[str, int]


def email_spans(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Give the first and last word of each address, in order and apart."""
    tokens = _tokens(texts)
    spans: list[tuple[int, int]] = []
    for place, (text, _) in enumerate(tokens):
        end = _domain_end(tokens, place + 1) if text in _AT else 0
        if not end:
            continue
        first, last = tokens[_local_start(tokens, place)][1], tokens[end - 1][1]
        if not spans or first > spans[-1][1]:
            spans.append((first, last))
    return spans


def open_email_start(texts: Sequence[str]) -> int:
    """Give the word of a partial from which on an address may be under way, or the number of words."""
    tokens = _tokens(texts)
    nearest = max(len(tokens) - MAX_OPEN_TOKENS, 0)
    place = next((place for place in range(nearest, len(tokens)) if tokens[place][0] in _OPENS), None)
    return len(texts) if place is None else tokens[_local_start(tokens, place)][1]


def _tokens(texts: Sequence[str]) -> list[_Token]:
    return [(token, index) for index, text in enumerate(texts) for token in token_texts(_spelled_out(text))]


def _spelled_out(text: str) -> str:
    """Write the signs inside a word as words: they are said, and they join what belongs together."""
    inner = text.strip(".,?!\N{IDEOGRAPHIC FULL STOP}")
    for sign, word in (("@", "at"), (".", "dot"), ("_", "underscore"), ("닷컴", "닷 컴")):
        inner = inner.replace(sign, f" {word} ")
    return inner


def _domain_end(tokens: Sequence[_Token], start: int) -> int:
    """Give the token after a domain that starts here, or 0."""
    dots = range(start + 1, min(start + MAX_DOMAIN_WORDS + 1, len(tokens)))
    dot = next((place for place in dots if tokens[place][0] in _DOT), None)
    if dot is None or not _is_top_level(tokens, dot + 1):
        return 0
    end = dot + 2
    while end < len(tokens) and tokens[end][0] in _DOT and _is_top_level(tokens, end + 1):
        end += 2
    return end


def _is_top_level(tokens: Sequence[_Token], place: int) -> bool:
    text = tokens[place][0] if place < len(tokens) else ""
    return text.isalpha() and text not in _JOINTS and (len(text) > 1 or not text.isascii())


def _local_start(tokens: Sequence[_Token], at: int) -> int:
    """Give the token where the part before "at" begins.

    It is one word; or more, where joints join them, letters are spelled, or digits follow ("jess four two").
    """
    start = max(at - 1, 0)
    while start > 0:
        before = tokens[start - 1][0]
        joined = before in _JOINTS or tokens[start][0] in _JOINTS
        spelled = len(before) == 1 and len(tokens[start][0]) == 1
        if not (joined or spelled or is_digit_word(tokens[start][0])):
            break
        start -= 1
    return start
