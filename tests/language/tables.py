"""The project's own tables of sentences, and what the packs and the redactor make of them.

Every third sentence of the first writing is held out, and all of the last: nothing was changed for them.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import appliance
from appliance.escalation.rules import parse_rules
from appliance.events import SAMPLE_RATE_HZ, Word
from appliance.language.marks import is_redacted
from appliance.language.phrases import PhraseIndex
from appliance.language.redaction import Redactor

FOLDER: Final = Path(__file__).parent / "sentences"
PACKS: Final = Path(appliance.__file__).parent / "rules"
LANGUAGES: Final = ("en", "ko")
HELD_OUT_EVERY: Final = 3
WRITINGS: Final = ("phrases", "more", "second", "third", "fourth")
"""What the packs must get right. The third and later ones are by somebody who had not read the packs."""

_WORD_SAMPLES: Final = SAMPLE_RATE_HZ // 3
_PAUSE_SAMPLES: Final = SAMPLE_RATE_HZ


class Case(NamedTuple):
    """A sentence of a table: `topic` is the phrase or "secrets" or "harmless", `wanted` whether it must be found."""

    language: str
    topic: str
    text: str
    wanted: bool
    held_out: bool


def phrase_cases() -> list[Case]:
    """Give the sentences for phrases that the packs must get right."""
    return [case for writing in WRITINGS for case in _phrase_cases(writing)]


def fresh_phrase_cases() -> list[Case]:
    """Give the sentences for phrases that were written after all tuning."""
    return _phrase_cases("fresh")


def _phrase_cases(writing: str) -> list[Case]:
    return [
        Case(language, topic, text, wanted, writing == "fresh" or (writing == "phrases" and _is_third(number)))
        for language in LANGUAGES
        for topic, lists in _table(f"{writing}_{language}").items()
        for name, wanted in (("fire", True), ("quiet", False))
        for number, text in enumerate(lists[name])
    ]


def redaction_cases() -> list[Case]:
    """Give every dialogue for redaction."""
    return [
        Case(language, name, text, name == "secrets", _is_third(number))
        for language in LANGUAGES
        for name, texts in _table(f"redaction_{language}").items()
        for number, text in enumerate(texts)
    ]


def shipped_index(language: str) -> PhraseIndex:
    """Give the phrases of the pack that ships for a language."""
    return PhraseIndex(parse_rules((PACKS / f"{language}.toml").read_bytes(), f"{language}.toml").phrases)


def spoken(text: str, start_sample: int = 0) -> list[Word]:
    """Give a sentence as words that follow each other, three in a second."""
    return [
        Word(word, start_sample + number * _WORD_SAMPLES, start_sample + (number + 1) * _WORD_SAMPLES)
        for number, word in enumerate(text.split())
    ]


def is_phrase_right(case: Case, index: PhraseIndex) -> bool:
    """Say whether the phrase was found where it must be, and none where none may; praise alarms nobody."""
    found = {match.phrase for match in index.find("caller", spoken(case.text))}
    return case.topic in found if case.wanted else not found - ({"compliment"} - {case.topic})


def leaks(case: Case) -> list[str]:
    """Give the words of a secret that were shown, in a partial or a final hypothesis."""
    return [
        word.text
        for words, secret, redactor in _utterances(case)
        for shown in [
            *(redactor.redact(words[:end], partial=True) for end in range(1, len(words) + 1)),
            redactor.redact(words, partial=False),
        ]
        for word in shown
        if word.start_sample in secret and not is_redacted(word.text)
    ]


def taken_away(case: Case) -> list[str]:
    """Give the marks in the final hypotheses that stand for something else than the secret."""
    return [
        word.text
        for words, secret, redactor in _utterances(case)
        for word in redactor.redact(words, partial=False)
        if is_redacted(word.text)
        and any(
            one.start_sample not in secret for one in words if word.start_sample <= one.start_sample < word.end_sample
        )
    ]


def redacted(case: Case) -> str:
    """Give what is left of the final hypotheses, for people."""
    finals = [redactor.redact(words, partial=False) for words, _, redactor in _utterances(case)]
    return " | ".join(" ".join(word.text for word in final) for final in finals)


def _utterances(case: Case) -> Iterator[tuple[list[Word], set[int], Redactor]]:
    """Give each utterance in turn, with the samples at which words of the secret begin, and one redactor for all."""
    question, _, answer = case.text.rpartition(" > ")
    redactor = Redactor()
    now = 0
    if question:
        asking = spoken(question)
        redactor.hear_other(asking)
        now = asking[-1].end_sample
    inside = False
    for part in answer.split(" | "):
        words: list[Word] = []
        secret: set[int] = set()
        for word in spoken(part, now + _PAUSE_SAMPLES):
            inside = inside or "{" in word.text
            if inside:
                secret.add(word.start_sample)
            inside = inside and "}" not in word.text
            words.append(Word(re.sub("[{}]", "", word.text), word.start_sample, word.end_sample))
        now = words[-1].end_sample
        yield words, secret, redactor


def _is_third(number: int) -> bool:
    return number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1


def _table(name: str) -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
