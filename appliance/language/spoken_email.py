"""Where an e-mail address is spoken or written: "jessica dot hall at example dot com", "Jessica.Hall@example.com"."""

from collections.abc import Sequence
from typing import Final

from appliance.language.digit_words import is_digit_word
from appliance.language.normalise import token_texts
from appliance.language.stopwords import is_content

MAX_DOMAIN_WORDS: Final = 3
"""Words between "at" and "dot": "at north wind dot com"."""

_AT: Final = frozenset({"at", "골뱅이", "앳"})
_DOT: Final = frozenset({"dot", "점", "닷"})
_JOINTS: Final = _DOT | {"underscore", "dash", "hyphen", "plus", "point", "언더바"}
_CERTAIN_AT: Final = frozenset({"골뱅이", "앳"})
"""Said of addresses alone; "at" is said of much else."""

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


def email_may_begin(texts: Sequence[str]) -> int:
    """Give the word from which on all may become an address, or how many words there are.

    These are a word that may be what stands before "at", with what it is joined to, and "at" with the few words that a
    domain has before its "dot".
    """
    tokens = _tokens(texts)
    start = _local_start(tokens, len(tokens))
    for place in range(max(len(tokens) - 2 - MAX_DOMAIN_WORDS, 0), len(tokens)):
        inside = [text for text, _ in tokens[place + 1 :]]
        dot = next((number for number, text in enumerate(inside) if text in _DOT), len(inside))
        if tokens[place][0] in _AT and _is_domain_so_far(inside[:dot]):
            start = min(start, _local_start(tokens, place))
            break
    return tokens[start][1] if start < len(tokens) else len(texts)


def asked_for_spans(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Give what is part of an address if somebody has asked for one: all around an "at" or a "dot" too."""
    tokens = _tokens(texts)
    spans: list[tuple[int, int]] = []
    for place, (text, word) in enumerate(tokens):
        if text not in _AT and text not in _JOINTS:
            continue
        start = _local_start(tokens, place)
        first = word if place == 0 else tokens[start][1]
        end = place + 1
        while end < len(tokens) and end - place <= MAX_DOMAIN_WORDS and is_content(tokens[end][0]):
            end += 1
        if spans and first <= spans[-1][1] + 1:
            first = spans.pop()[0]
        spans.append((first, tokens[end - 1][1]))
    return spans


def _is_domain_so_far(inside: Sequence[str]) -> bool:
    """Say whether words after "at" may be a domain without its "dot": "at one and one", not "at the"."""
    return len(inside) <= MAX_DOMAIN_WORDS and all(
        text == "and" or len(text) == 1 or is_content(text) or is_digit_word(text) for text in inside
    )


def _tokens(texts: Sequence[str]) -> list[_Token]:
    return [(token, index) for index, text in enumerate(texts) for token in token_texts(_spelled_out(text))]


def _spelled_out(text: str) -> str:
    """Write the signs inside a word as words: they are said, and they join what belongs together."""
    inner = text.strip(".,?!\N{IDEOGRAPHIC FULL STOP}")
    for sign, word in (("@", "at"), (".", "dot"), ("_", "underscore"), ("닷컴", "닷 컴"), ("골뱅이", " 골뱅이 ")):
        inner = inner.replace(sign, f" {word} ")
    return inner


def _domain_end(tokens: Sequence[_Token], start: int) -> int:
    """Give the token after a domain that starts here, or 0."""
    dots = range(start + 1, min(start + MAX_DOMAIN_WORDS + 1, len(tokens)))
    dot = next((place for place in dots if tokens[place][0] in _DOT), None)
    if dot is None or not _is_top_level(tokens, dot + 1):
        return 0
    if not _is_domain_so_far([text for text, _ in tokens[start:dot]]):
        return 0
    end = dot + 2
    while end < len(tokens) and tokens[end][0] in _DOT and _is_top_level(tokens, end + 1):
        end += 2
    return end


def _is_top_level(tokens: Sequence[_Token], place: int) -> bool:
    text = tokens[place][0] if place < len(tokens) else ""
    return text.isalpha() and text not in _JOINTS and not is_digit_word(text) and (len(text) > 1 or not text.isascii())


def _local_start(tokens: Sequence[_Token], at: int) -> int:
    """Give the token where the part before "at" begins, or `at` where what stands there can't be one: "me at".

    It is one word; or more, where joints join them, letters are spelled, or digits follow ("jess four two").
    """
    if at == 0 or not _may_be_local(tokens, at - 1):
        return at
    start = at - 1
    while start > 0:
        before, here = tokens[start - 1][0], tokens[start][0]
        joined = before in _JOINTS or here in _JOINTS
        spelled = len(before) == 1 and len(here) == 1
        numbered = is_digit_word(here) and _may_be_local(tokens, start - 1)
        if not (joined or spelled or numbered):
            break
        start -= 1
    return start


def _may_be_local(tokens: Sequence[_Token], place: int) -> bool:
    text = tokens[place][0]
    return len(text) == 1 or is_content(text) or is_digit_word(text)
