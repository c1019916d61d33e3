import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.language.spoken_dates import date_may_go_on, date_spans, is_whole_date


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("it's the third of may nineteen eighty two okay", ["third of may nineteen eighty two"]),
        ("May 3rd, 1982.", ["May 3rd, 1982."]),
        ("14/02/1975", ["14/02/1975"]),
        ("on the twelfth of december two thousand and one", ["twelfth of december two thousand and one"]),
        ("팔십이년 오월 삼일이요", ["팔십이년 오월 삼일이요"]),
        ("1982년 5월 3일입니다", ["1982년 5월 3일입니다"]),
        ("may I ask why", []),
        ("one moment", []),
        ("why do you need that", []),
        ("$1500", []),
        ("", []),
    ],
)
def test_dates_are_found_however_they_are_said(text: str, found: list[str]) -> None:
    words = text.split()
    assert [" ".join(words[first : last + 1]) for first, last in date_spans(words)] == found


@pytest.mark.parametrize(
    ("text", "whole"),
    [("third of may eighty two", True), ("1982-05-03", True), ("the ninth of June", False), ("eighty two", False)],
)
def test_a_whole_date_has_three_parts(text: str, whole: bool) -> None:
    assert is_whole_date(text.split()) == whole


@pytest.mark.parametrize(("text", "place"), [("the third of", 2), ("born in may", 1), ("nothing", 1)])
def test_words_that_may_still_be_part_of_a_date_are_noticed(text: str, place: int) -> None:
    assert date_may_go_on(text.split()) == place


@given(st.lists(st.text(max_size=6) | st.sampled_from(["third", "of", "may", "i", "82", "one", "moment", "오월"])))
def test_any_words_give_spans_in_order_and_apart(texts: list[str]) -> None:
    spans = date_spans(texts)
    assert all(0 <= first <= last < len(texts) for first, last in spans)
    assert all(one[1] < two[0] for one, two in itertools.pairwise(spans))
    assert 0 <= date_may_go_on(texts) <= len(texts)
