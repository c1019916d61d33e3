"""Where somebody says a name, by rule: "my name is Laura Hill", "this is Harold Winter speaking", "이름은 박지영".

There is no list of names in the world that holds all of them, so what counts is what stands before.
"""

from collections.abc import Sequence
from typing import Final

from appliance.language.normalise import token_texts
from appliance.language.stopwords import is_content

NAME_LEADS: Final = (
    *("my name is", "my full name is", "my first name is", "my last name is", "my surname is", "my maiden name is"),
    *("my middle name is", "last name is", "first name is", "the name is", "i am called", "people call me"),
    *("mister", "mr", "mrs", "missus", "ms", "my name", "제 이름은", "이름은", "제 성함은"),
)
"""After these comes a name. A list of one's own takes its place."""

MAX_NAME_WORDS: Final = 2
"""So many words follow at most; letters that are spelled do not count."""

MAX_ANSWER_WORDS: Final = 4
"""An answer of more words to "what is your name" is no bare name."""

_THIS_IS: Final = ("this", "is")
_CLOSES: Final = frozenset({"speaking", "calling", "here"})
_NOT_NAMES: Final = frozenset(
    {"calling", "speaking", "phoning", "spelled", "spelt", "wrong", "important", "correct", "왜", "뭐", "어떻게"}
)
_LEADS_IN: Final = frozenset(
    ["yes", "sure", "okay", "it", "is", "of", "course", "hi", "hello", "the", "my", "name", "네", "예", "아"]
)
_ANSWERS: Final = frozenset(
    [
        "no",
        "not",
        "왜",
        "왜요",
        "뭐",
        "그건",
        "아니요",
        "모르겠어요",
        "잠깐만요",
        "그냥",
        "which",
        "what",
        "why",
        "sorry",
        "pardon",
        "moment",
    ]
)
_PAUSES: Final = (".", ",", "?", "!", ";")
_KOREAN_QUOTE: Final = "라고"


def name_spans(texts: Sequence[str], leads: Sequence[str], *, asked: bool) -> list[tuple[int, int]]:
    """Give the first and last word of each name, in order and apart; `asked`: these words answer a question for it."""
    tokens = [token_texts(text) for text in texts]
    flat = [(token, word) for word, found in enumerate(tokens) for token in found]
    wanted = [tuple(token for part in lead.split() for token in token_texts(part)) for lead in leads]
    spans: list[tuple[int, int]] = []
    for place, (_, word) in enumerate(flat):
        if spans and word <= spans[-1][1]:
            continue
        lead = max((one for one in wanted if _stands(flat, place, one)), key=len, default=())
        if lead and (end := _name_end(texts, tokens, after := flat[place + len(lead) - 1][1] + 1)) > after:
            spans.append((after, end - 1))
        elif _stands(flat, place, _THIS_IS) and (
            end := _closed_end(tokens, word + 2 if len(tokens[word]) == 1 else word + 1)
        ):
            spans.append((flat[place + 1][1] + 1, end - 1))
        elif _KOREAN_QUOTE in texts[word] and len(texts[word]) > len(_KOREAN_QUOTE) + 1:
            spans.append((word, word))
    if asked and (start := answer_start(texts)) < len(texts) and not any(last >= start for _, last in spans):
        spans += _answer(texts, start)
    return spans


def answer_start(texts: Sequence[str]) -> int:
    """Give the word at which the answer to a question begins: after "yes, of course, it is"."""
    place = 0
    while place < len(texts) and all(token in _LEADS_IN for token in token_texts(texts[place])):
        place += 1
    return place


def name_may_begin(texts: Sequence[str], *, asked: bool) -> int:
    """Give the word from which on all may turn out to be a name, or how many words there are."""
    start = len(texts)
    tokens = [token for text in texts for token in token_texts(text)]
    if asked and len(texts) - (begin := answer_start(texts)) <= MAX_ANSWER_WORDS:
        start = begin
    for back in range(2, 2 + MAX_NAME_WORDS + 1):
        if tuple(tokens[-back : len(tokens) - back + 2]) == _THIS_IS:
            start = min(start, max(len(texts) - back + 2, 0))
    return start


def _answer(texts: Sequence[str], start: int) -> list[tuple[int, int]]:
    """Give the whole answer where it is short enough to be a name and nothing else."""
    spelled = [word for word in range(start, len(texts)) if _is_spelled(texts[word])]
    others = [word for word in range(start, len(texts)) if word not in spelled]
    tokens = [token for word in others for token in token_texts(texts[word])]
    if len(others) > MAX_ANSWER_WORDS or any(token in _ANSWERS for token in tokens):
        return [(word, word) for word in spelled] if len(spelled) > 2 else []
    if tokens and not any(is_content(token) for token in tokens):
        return []
    return [(start, len(texts) - 1)] if tokens or len(spelled) > 1 else []


def _is_spelled(text: str) -> bool:
    found = token_texts(text)
    return bool(found) and all(len(token) == 1 for token in found) and text.isascii()


def _stands(flat: Sequence[tuple[str, int]], place: int, lead: Sequence[str]) -> bool:
    return tuple(token for token, _ in flat[place : place + len(lead)]) == tuple(lead)


def _name_end(texts: Sequence[str], tokens: Sequence[Sequence[str]], start: int) -> int:
    """Give the word after the name that begins at `start`, or `start` where none does."""
    place, names = start, 0
    while place < len(texts) and (names < MAX_NAME_WORDS or _is_spelled(texts[place])):
        found = tokens[place]
        if not _is_spelled(texts[place]):
            if not found or not all(is_content(token) and token not in _NOT_NAMES for token in found):
                break
            names += 1
        place += 1
        if texts[place - 1].endswith(_PAUSES) and not (place < len(texts) and _is_spelled(texts[place])):
            break
    return place


def _closed_end(tokens: Sequence[Sequence[str]], start: int) -> int:
    """Give the word that closes "this is X speaking", or 0."""
    for place in range(start + 1, min(start + MAX_NAME_WORDS + 1, len(tokens))):
        if len(tokens[place]) == 1 and tokens[place][0] in _CLOSES:
            return place
    return 0
