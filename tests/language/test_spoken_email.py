import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.language.spoken_email import email_spans, open_email_start


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("To jessica dot hall at example dot com.", ["jessica dot hall at example dot com."]),
        ("To Jessica Dot-Hall at example.com.", ["Jessica Dot-Hall at example.com."]),
        ("write to Jessica.Hall@example.com please", ["Jessica.Hall@example.com"]),
        ("it is j h a l l at north wind dot co dot uk okay", ["j h a l l at north wind dot co dot uk"]),
        (
            "jess underscore hall at example dot com and me at home dot org",
            ["jess underscore hall at example dot com", "me at home dot org"],
        ),
        ("제 메일은 제시카 골뱅이 네이버 닷컴 입니다", ["제시카 골뱅이 네이버 닷컴"]),
        ("at example dot com", ["at example dot com"]),
        ("I am at home", []),
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
        ("to jessica dot", "to"),
        ("to jessica dot hall at", "to"),
        ("to jessica dot hall at example", "to"),
        ("제 메일은 제시카 골뱅이", "제 메일은"),
        ("I am at home", "I am at home"),
        ("", ""),
    ],
)
def test_an_address_under_way_is_noticed_by_its_first_sign(text: str, shown: str) -> None:
    words = text.split()
    assert words[: open_email_start(words)] == shown.split()


@given(st.lists(st.text() | st.sampled_from(["at", "dot", "a", "com", "x.com", "a@b.de", "underscore"])))
def test_any_words_give_spans_in_order_and_apart(texts: list[str]) -> None:
    spans = email_spans(texts)
    assert all(0 <= first <= last < len(texts) for first, last in spans)
    assert all(one[1] < two[0] for one, two in itertools.pairwise(spans))
    assert 0 <= open_email_start(texts) <= len(texts)
