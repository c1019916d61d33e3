import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.language.spoken_email import asked_for_spans, email_may_begin, email_spans


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("To jessica dot hall at example dot com.", ["jessica dot hall at example dot com."]),
        ("To Jessica Dot-Hall at example.com.", ["Jessica Dot-Hall at example.com."]),
        ("write to Jessica.Hall@example.com please", ["Jessica.Hall@example.com"]),
        ("it is j h a l l at north wind dot co dot uk okay", ["j h a l l at north wind dot co dot uk"]),
        (
            "jess underscore hall at example dot com and me at home dot org",
            ["jess underscore hall at example dot com", "at home dot org"],
        ),
        ("bob at one and one dot com", ["bob at one and one dot com"]),
        ("제 메일은 제시카 골뱅이 네이버 닷컴 입니다", ["제시카 골뱅이 네이버 닷컴"]),
        ("at example dot com", ["at example dot com"]),
        ("I am at home", []),
        ("look at the dot on it", []),
        ("at 5.30", []),
        ("at", []),
        ("at dot com", []),
        ("at example dot", []),
    ],
)
def test_addresses_are_found_spoken_and_written(text: str, found: list[str]) -> None:
    words = text.split()
    assert [" ".join(words[first : last + 1]) for first, last in email_spans(words)] == found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to jessica", "to"),
        ("to jessica dot", "to"),
        ("to jessica dot hall at", "to"),
        ("to jessica dot hall at example", "to"),
        ("to jess four two", "to"),
        ("j h a", ""),
        ("제 메일은 제시카 골뱅이", "제 메일은"),
        ("I am at the", "I am at the"),
        ("I want to", "I want to"),
        ("", ""),
    ],
)
def test_what_may_become_an_address_is_noticed_from_its_first_word_on(text: str, shown: str) -> None:
    words = text.split()
    assert words[: email_may_begin(words)] == shown.split()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("laura at example", ["laura at example"]),
        ("at example", ["at example"]),
        ("laura dot smith", ["laura dot smith"]),
        ("it is laura", []),
    ],
)
def test_pieces_of_an_address_that_was_asked_for_are_found(text: str, found: list[str]) -> None:
    words = text.split()
    assert [" ".join(words[first : last + 1]) for first, last in asked_for_spans(words)] == found


@given(st.lists(st.text() | st.sampled_from(["at", "dot", "a", "com", "x.com", "a@b.de", "underscore", "four", "me"])))
def test_any_words_give_spans_in_order_and_apart(texts: list[str]) -> None:
    for spans in (email_spans(texts), asked_for_spans(texts)):
        assert all(0 <= first <= last < len(texts) for first, last in spans)
        assert all(one[1] < two[0] for one, two in itertools.pairwise(spans))
    assert 0 <= email_may_begin(texts) <= len(texts)
