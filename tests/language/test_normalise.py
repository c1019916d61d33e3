import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.events import Word
from appliance.language.marks import is_redacted
from appliance.language.normalise import token_texts, tokens, units_of


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("I'm waiting!", "i am waiting"),
        ("I\u2019ve called", "i have called"),
        ("Don't", "do not"),
        ("can't CANNOT won't", "can not can not will not"),
        ("I'd've gone", "i would have gone"),
        ("your supervisor's name", "your supervisor name"),
        ("that's it", "that is it"),
        ("good-bye, twenty-four", "good bye twenty four"),
        ("um, I, uh, want", "i want"),
        ("'quoted'", "quoted"),
        ("gonna wanna", "going to want to"),
        ("[4] {만}", "four 만"),
        ("42, 7th, 21st, 12th", "forty two seventh twenty first twelfth"),
        ("007 4471 3am", "007 4471 3am"),
        ("to-morrow", "tomorrow"),
        ("goodbye", "good bye"),
        ("Canceled; my mom's cheque", "cancelled my mum check"),
        ("...", ""),
    ],
)
def test_two_ways_of_writing_become_the_same_tokens(written: str, plain: str) -> None:
    assert list(token_texts(written)) == plain.split()


def test_decomposed_and_composed_hangul_are_the_same() -> None:
    assert token_texts(unicodedata.normalize("NFD", "책임자")) == ("책임자",)


def test_korean_is_compared_by_syllable_without_spaces() -> None:
    words = [Word("해지", 0, 1), Word("하겠", 2, 3)]
    assert [(token.text, token.word) for token in tokens(words, "syllables")] == [
        ("해", 0),
        ("지", 0),
        ("하", 1),
        ("겠", 1),
    ]


def test_a_token_knows_where_a_sentence_begins() -> None:
    words = [Word(text, 0, 1) for text in ("No.", "Cancel", "it!", "...", "Now")]
    assert [token.text for token in tokens(words) if token.begins_sentence] == ["no", "cancel", "now"]


def test_what_redaction_left_stays_one_token() -> None:
    assert is_redacted("[16 digits]")
    assert token_texts("[16 digits]") == ("[16 digits]",)
    assert token_texts("[email]", "syllables") == ("[email]",)


@pytest.mark.parametrize(
    ("language", "units"), [("en", "words"), ("en-US", "words"), ("ko", "syllables"), ("KO-kr", "syllables")]
)
def test_korean_alone_is_compared_by_syllable(language: str, units: str) -> None:
    assert units_of(language) == units


@given(st.lists(st.text()))
def test_any_text_gives_tokens_that_point_into_the_words(texts: list[str]) -> None:
    words = [Word(text, 0, 0) for text in texts]
    found = tokens(words)
    assert [token.word for token in found] == sorted(token.word for token in found)
    assert all(0 <= token.word < len(words) and token.text for token in found)
