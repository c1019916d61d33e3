"""The packs and the redactor against the project's own sentences; `bench cues` prints the same as shares."""

import pytest

from appliance.language.phrases import PhraseIndex

from .tables import (
    Case,
    fresh_phrase_cases,
    is_phrase_right,
    leaks,
    phrase_cases,
    redacted,
    redaction_cases,
    shipped_index,
    taken_away,
)

INDEXES: dict[str, PhraseIndex] = {language: shipped_index(language) for language in ("en", "ko")}


def each(cases: list[Case]) -> list[object]:
    return [pytest.param(case, id=f"{case.topic}: {case.text}") for case in cases]


@pytest.mark.parametrize("case", each(phrase_cases()))
def test_a_phrase_is_found_where_it_is_said_and_nowhere_else(case: Case) -> None:
    assert is_phrase_right(case, INDEXES[case.language])


@pytest.mark.parametrize("case", each([case for case in redaction_cases() if case.wanted]))
def test_no_word_of_a_secret_is_shown_in_any_hypothesis(case: Case) -> None:
    assert leaks(case) == []


@pytest.mark.parametrize("case", each([case for case in redaction_cases() if not case.wanted]))
def test_numbers_and_names_that_mean_something_stay(case: Case) -> None:
    assert taken_away(case) == [], redacted(case)


@pytest.mark.parametrize("wanted", [True, False])
def test_the_tables_are_as_large_as_a_claim_of_three_parts_in_a_hundred_needs(wanted: bool) -> None:
    assert sum(case.wanted == wanted for case in phrase_cases()) >= 150
    assert sum(case.wanted == wanted for case in redaction_cases()) >= 100


def test_sentences_that_nobody_tuned_for_raise_few_false_alarms() -> None:
    quiet = [case for case in fresh_phrase_cases() if not case.wanted]
    assert sum(is_phrase_right(case, INDEXES[case.language]) for case in quiet) >= 0.9 * len(quiet)
