import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.language.readings import find_readings, passes_luhn


@pytest.mark.parametrize("number", ["4111111111111111", "378282246310005", "5105105105105100", "4539148803436467"])
def test_the_check_digit_of_a_card_is_known(number: str) -> None:
    assert passes_luhn(number)


@given(st.integers(0, 14), st.integers(1, 9))
def test_one_wrong_digit_fails_the_check(place: int, by: int) -> None:
    number = "4111111111111111"
    wrong = str((int(number[place]) + by) % 10)
    assert not passes_luhn(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("four four seven one", ["[4 digits]"]),
        ("five five no sorry five six", ["[2 digits]", "[2 digits]"]),
        ("five five and that is all", []),
        ("4539 1488 0343 6467", ["[card 16 digits]"]),
        ("two", ["[1 digit]"]),
        ("about two", []),
        ("two days", []),
    ],
)
def test_a_reading_is_what_is_said_in_one_go_with_its_corrections(text: str, marks: list[str]) -> None:
    found = find_readings(text.split(), {}, continues=False, partial=False)
    assert [mark for _, _, mark in found.marks] == marks
