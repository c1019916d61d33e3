import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.language.spoken_names import NAME_LEADS, name_may_begin, name_spans


def names(text: str, *, asked: bool = False, leads: tuple[str, ...] = NAME_LEADS) -> list[str]:
    words = text.split()
    return [" ".join(words[first : last + 1]) for first, last in name_spans(words, leads, asked=asked)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello, my name is Laura Hill, how can I help?", ["Laura Hill,"]),
        ("my name's laura", ["laura"]),
        ("My last name is Sittilly, S-I-T-I-L-L-E.", ["Sittilly, S-I-T-I-L-L-E."]),
        ("this is harold winter speaking", ["harold winter"]),
        ("thank you mister Cecily", ["Cecily"]),
        ("제 이름은 박지영입니다", ["박지영입니다"]),
        ("저는 이서준이라고 합니다", ["이서준이라고"]),
        ("my name is on the invoice", []),
        ("my name is not important", []),
        ("my name is wrong on the bill", []),
        ("this is ridiculous", []),
        ("this is the third time I am calling", []),
        ("제 이름은 왜 물어보세요", []),
    ],
)
def test_names_are_found_by_what_stands_before_them(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Jack Sittilly.", ["Jack Sittilly."]),
        ("Sure, it's Amanda Brown.", ["Amanda Brown."]),
        ("s i t i l l y", ["s i t i l l y"]),
        ("why do you need that", []),
        ("no", []),
        ("I would like to know first what this call is about", []),
        ("김민수입니다", ["김민수입니다"]),
    ],
)
def test_a_short_answer_to_a_question_for_the_name_is_one(text: str, found: list[str]) -> None:
    assert names(text, asked=True) == found


def test_the_leads_can_be_others() -> None:
    assert names("they call me Bob", leads=("they call me",)) == ["Bob"]
    assert names("my name is Bob", leads=("they call me",)) == []


@pytest.mark.parametrize(
    ("text", "asked", "place"),
    [("this is harold", False, 2), ("this is", False, 2), ("it is harold", True, 2), ("hello there", False, 2)],
)
def test_what_may_turn_out_to_be_a_name_is_noticed(text: str, asked: bool, place: int) -> None:
    assert name_may_begin(text.split(), asked=asked) == place


@given(
    st.lists(st.text(max_size=6) | st.sampled_from(["my", "name", "is", "this", "speaking", "s", "laura", "이름은"])),
    st.booleans(),
)
def test_any_words_give_spans_in_order_and_apart(texts: list[str], asked: bool) -> None:
    spans = name_spans(texts, NAME_LEADS, asked=asked)
    assert all(0 <= first <= last < len(texts) for first, last in spans)
    assert all(one[1] < two[0] for one, two in itertools.pairwise(spans))
    assert 0 <= name_may_begin(texts, asked=asked) <= len(texts)
