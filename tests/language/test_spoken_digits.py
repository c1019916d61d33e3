import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.language.spoken_digits import DigitRun, digit_runs, digits_may_begin


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("four four seven one", ["4471"]),
        ("Four, four, seven, one.", ["4471"]),
        ("four-four-seven-one", ["4471"]),
        ("side-five-five-five-double-four-", ["55544"]),
        ("4471-902", ["4471902"]),
        ("4471 902", ["4471902"]),
        ("[42] [7] [1]", ["4271"]),
        ("double five, triple six", ["55666"]),
        ("four four, uh, seven one", ["4471"]),
        ("for zero one two", ["4012"]),
        ("oh two oh seven", ["0207"]),
        ("one one oh oh", ["1100"]),
        ("one to three", ["123"]),
        ("forty two eleven", ["4211"]),
        ("eleven oh nine", ["1109"]),
        ("zero nine twenty seven", ["0927"]),
        ("seven seven double oh nine hundred one", ["770090" + "01"]),
        ("nine hundred one", ["9", "1"]),
        ("KL7924", ["7924"]),
        ("사 사 칠 일입니다", ["4471"]),
        ("사사칠일 다시 공영구", ["4471009"]),
        ("four and then five", ["4", "5"]),
        ("to be or not to be", []),
        ("for two days", ["2"]),
        ("oh eleven thirty works", ["1130"]),
        ("wait for me", []),
        ("oh no", []),
        ("B2B", []),
        ("감사합니다", []),
        ("구만 원", []),
        ("", []),
    ],
)
def test_digits_are_read_however_they_are_written(text: str, digits: list[str]) -> None:
    assert [run.digits for run in digit_runs(text.split())] == digits


def test_where_a_number_is_expected_a_lone_oh_is_one() -> None:
    assert digit_runs(["oh"]) == []
    assert [run.digits for run in digit_runs(["oh"], eager=True)] == ["0"]
    assert [run.digits for run in digit_runs(["for", "to"], eager=True)] == ["42"]
    assert digit_runs(["oh", "dear"], eager=True) == []


@pytest.mark.parametrize(
    "text",
    ["eleven thirty", "twenty twenty four", "nineteen ninety", "ten fifteen minutes", "1500 dollars", "2024 년"],
)
def test_a_number_that_means_something_is_a_quantity(text: str) -> None:
    (run,) = digit_runs(text.split())
    assert run.is_quantity


@pytest.mark.parametrize("text", ["forty two eleven", "4471", "four four seven one dollars", "thirteen seventy"])
def test_what_is_no_time_year_or_amount_is_no_quantity(text: str) -> None:
    (run,) = digit_runs(text.split())
    assert not run.is_quantity


@pytest.mark.parametrize("text", ["in 2019", "since 1998", "year 2001"])
def test_a_year_in_figures_is_known_by_the_word_before_it(text: str) -> None:
    (run,) = digit_runs(text.split())
    assert run.is_quantity
    (other,) = digit_runs(["code", text.split()[1]])
    assert not other.is_quantity


@pytest.mark.parametrize(
    "text",
    [
        *("ninety dollars", "ten to fifteen", "12:30", "$1500", "₩90000", "50%", "이십 분", "two thousand", "2024년"),
        "four-hundred",
    ],
)
def test_numbers_beside_their_meaning_are_no_long_run(text: str) -> None:
    assert all(run.count < 4 for run in digit_runs(text.split()))


@pytest.mark.parametrize(
    ("text", "first", "last", "reach", "is_open"),
    [("it is for four seven one", 2, 5, 2, True), ("it is for four seven please", 3, 4, 2, False)],
)
def test_a_run_knows_its_words_and_whether_more_may_follow(
    text: str, first: int, last: int, reach: int, is_open: bool
) -> None:
    (run,) = digit_runs(text.split())
    assert (run.first, run.last, run.reach, run.is_open) == (first, last, reach, is_open)


@pytest.mark.parametrize(
    ("text", "place"), [("it is for", 2), ("it is double oh", 2), ("it is four", 3), ("", 0), ("to", 0)]
)
def test_words_that_may_begin_a_number_are_noticed(text: str, place: int) -> None:
    assert digits_may_begin(text.split()) == place


@given(st.lists(st.text() | st.sampled_from(["four", "to", "oh", "double", "twenty", "hundred", "dash", "7", "칠"])))
def test_any_words_give_runs_in_order_and_apart(texts: list[str]) -> None:
    runs: list[DigitRun] = digit_runs(texts)
    assert all(0 <= run.reach <= run.first <= run.last < len(texts) and run.count > 0 for run in runs)
    assert all(run.digits.isdecimal() for run in runs)
    assert all(one.last < two.first for one, two in itertools.pairwise(runs))
    assert all(not run.is_open for run in runs[:-1])
    assert 0 <= digits_may_begin(texts) <= len(texts)
