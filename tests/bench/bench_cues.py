"""What the words tell: phrases and redaction on the project's own tables of sentences, and what they cost.

A sentence for phrases is right when its phrase is found, or when it holds none and none is found. Redaction counts
dialogues: a secret is kept when no word of it was shown in any partial or final hypothesis; a harmless dialogue is
right when nothing was taken away. "held out" are those that were not looked
at while tuning, but whoever wrote the patterns had written them too; "fresh" ones were written after the last change,
and say how the packs hold for what nobody thought of (`tests/language/tables.py`).
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from appliance.events import Word
from appliance.language.phrases import Phrase, PhraseIndex
from tests.bench import cue_calls
from tests.bench.options import Options, say
from tests.bench.rows import Row, row
from tests.language.tables import (
    LANGUAGES,
    Case,
    fresh_phrase_cases,
    is_phrase_right,
    leaks,
    phrase_cases,
    redaction_cases,
    shipped_index,
    taken_away,
)

MANY_PHRASES: Final = 5000
"""Ten times the words that a large company has made a list of."""

UTTERANCE_WORDS: Final = 40
"""What somebody says in fifteen seconds without a pause."""

REPEATS: Final = 50


def rows(options: Options) -> list[Row]:
    """Hold the packs and the redactor against the tables, and time them; then whole calls against their truth."""
    return [*_phrase_rows(), *_redaction_rows(), *_cost_rows(), *cue_calls.rows(options)]


def _phrase_rows() -> list[Row]:
    indexes = {language: shipped_index(language) for language in LANGUAGES}

    def right(case: Case) -> bool:
        return is_phrase_right(case, indexes[case.language])

    found: list[Row] = []
    for wanted, what in ((True, "should fire"), (False, "should not")):
        cases = [case for case in phrase_cases() if case.wanted == wanted]
        for language in LANGUAGES:
            of_language = [case for case in cases if case.language == language]
            found.append(_share(f"phrases, {what}, {language}", of_language, right, bar="value >= 0.97"))
        found.append(_share(f"phrases, {what}, held out", [case for case in cases if case.held_out], right))
        for language in LANGUAGES:
            fresh = [case for case in fresh_phrase_cases() if (case.wanted, case.language) == (wanted, language)]
            found.append(_share(f"phrases, {what}, fresh sentences, {language}", fresh, right))
    return found


def _redaction_rows() -> list[Row]:
    secrets = [case for case in redaction_cases() if case.wanted]
    harmless = [case for case in redaction_cases() if not case.wanted]

    def kept(case: Case) -> bool:
        return not leaks(case)

    def mistaken(case: Case) -> bool:
        return bool(taken_away(case))

    return [
        _share("redaction, recall", secrets, kept, bar="value >= 1.0"),
        _share("redaction, recall, held out", [case for case in secrets if case.held_out], kept),
        _share("redaction, false", harmless, mistaken, bar="value <= 0.02"),
        _share("redaction, false, held out", [case for case in harmless if case.held_out], mistaken),
    ]


def _cost_rows() -> list[Row]:
    shipped, many = shipped_index("en"), PhraseIndex(_many_phrases())
    words = [
        Word(text, number, number + 1)
        for number, text in enumerate(("i want to speak to your word7 about word123 my contract " * 4).split())
    ][:UTTERANCE_WORDS]
    few_ms, many_ms = _least_ms(shipped, words), _least_ms(many, words)
    name = f"phrases, CPU per utterance of {UTTERANCE_WORDS} words"
    return [
        row(f"{name}, pack en", few_ms, "ms", bar="value <= 10"),
        row(f"{name}, {MANY_PHRASES} phrases", many_ms, "ms", bar="value <= 10"),
    ]


def _many_phrases() -> list[Phrase]:
    """Give phrases of the usual shape, each about a thing of its own."""
    return [
        Phrase(
            f"p{number}",
            "caller",
            (f"(speak|talk) (to|with) [your] ... word{number} [about] [the] thing{number % 97}",),
        )
        for number in range(MANY_PHRASES)
    ]


def _least_ms(index: PhraseIndex, words: Sequence[Word]) -> float:
    took: list[float] = []
    for _ in range(REPEATS):
        began = time.process_time()
        index.find("caller", words)
        took.append(time.process_time() - began)
    return 1000 * min(took)


def _share(name: str, cases: Iterable[Case], holds: Callable[[Case], bool], *, bar: str = "") -> Row:
    """Give the part of the cases for which something holds, and tell which ones decide against it."""
    judged = [(case, holds(case)) for case in cases]
    against = "redaction, false" in name
    for case, held in judged:
        if held == against:
            say(f"{name}: {case.text}")
    return row(f"{name} ({len(judged)})", sum(held for _, held in judged) / len(judged), "", bar=bar)
