import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.language.spoken_digits import DigitRun, digit_runs


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("four four seven one", [4]),
        ("Four, four, seven, one.", [4]),
        ("four-four-seven-one", [4]),
        ("side-five-five-five-double-four-", [5]),
        ("4471-902", [7]),
        ("4471 902", [7]),
        ("[42] [7] [1]", [4]),
        ("double five, triple six", [5]),
        ("four four, uh, seven one", [4]),
        ("for zero one two", [4]),
        ("oh two oh seven", [4]),
        ("one to three", [3]),
        ("zero nine twenty seven", [4]),
        ("KL7924", [4]),
        ("사 사 칠 일입니다", [4]),
        ("사사칠일 다시 공영구", [7]),
        ("four and then five", [1, 1]),
        ("to be or not to be", []),
        ("for two days", [1]),
        ("wait for me", []),
        ("oh no", []),
        ("B2B", []),
        ("감사합니다", []),
        ("구만 원", []),
        ("", []),
    ],
)
def test_digits_are_counted_however_they_are_written(text: str, counts: list[int]) -> None:
    assert [run.count for run in digit_runs(text.split())] == counts


@pytest.mark.parametrize(
    "text",
    ["eleven thirty", "twenty twenty four", "nineteen ninety", "ten fifteen minutes", "1500 dollars", "2024 년"],
)
def test_a_number_that_means_something_is_a_quantity(text: str) -> None:
    (run,) = digit_runs(text.split())
    assert run.is_quantity


@pytest.mark.parametrize(
    "text",
    [
        "ninety dollars",
        "ten to fifteen",
        "12:30",
        "$1500",
        "₩90000",
        "50%",
        "이십 분",
        "two thousand",
        "2024년",
        "four-hundred",
    ],
)
def test_numbers_beside_their_meaning_are_no_long_run(text: str) -> None:
    assert all(run.count < 4 for run in digit_runs(text.split()))


@pytest.mark.parametrize(
    ("text", "run"),
    [
        ("it is for four seven one", DigitRun(2, 5, 4, is_quantity=False, is_open=True)),
        ("it is four seven please", DigitRun(2, 3, 2, is_quantity=False, is_open=False)),
    ],
)
def test_a_run_knows_its_words_and_whether_more_may_follow(text: str, run: DigitRun) -> None:
    assert digit_runs(text.split()) == [run]


@given(st.lists(st.text() | st.sampled_from(["four", "to", "double", "twenty", "dash", "7", "칠"])))
def test_any_words_give_runs_in_order_and_apart(texts: list[str]) -> None:
    runs = digit_runs(texts)
    assert all(0 <= run.first <= run.last < len(texts) and run.count > 0 for run in runs)
    assert all(one.last < two.first for one, two in itertools.pairwise(runs))
    assert all(not run.is_open for run in runs[:-1])
