"""What is a loop of an engine, and what people say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.language.repetition import MIN_REPEATS, find_loop, without_loops


@pytest.mark.parametrize(
    ("text", "duration_s", "mended"),
    [
        ("Sci-fi-fi-fi-fi-fi-fi-fi-fi-fi-fi", 1.5, "Sci-fi"),
        ("Side by side side side side side side side side", 1.5, "Side by side"),
        ("Drag drag drag drag", 0.5, "Drag"),
        ("Hello, fifififififififififi there", 1.2, "Hello, fi there"),
        ("You know, I think so. I think so. I think so. I think so. I think so.", 3.0, "You know, I think so."),
        ("NO no No nO no no no no no no!", 0.9, "NO!"),
        ("é é é é é é é é", 0.8, "é"),
    ],
)
def test_what_goes_round_faster_than_anyone_speaks_is_said_once(text: str, duration_s: float, mended: str) -> None:
    assert find_loop(text, duration_s)
    assert without_loops(text, duration_s) == mended


@pytest.mark.parametrize(
    ("text", "duration_s"),
    [
        ("Four, one, one, one, one, one, one, one, one, one, one, one, one, one, one, one, one,", 5.1),
        ("4111 1111 1111 1111", 5.1),
        ("Five five five five, five five five five, no sorry, five five five five", 5.0),
        ("No, no, no, no!", 1.2),
        ("Of your um, your, your, um,", 8.2),
        ("Four one, four one, four one, four one, four one, four one", 4.0),
        ("Yes", 0.3),
        ("", 0.0),
    ],
)
def test_what_people_repeat_is_left_alone(text: str, duration_s: float) -> None:
    assert find_loop(text, duration_s) is None
    assert without_loops(text, duration_s) == text


TEXTS = st.lists(st.sampled_from(["no", "fi", "side,", "thank you", "1", "é", "-", "hm"]), max_size=60).map(" ".join)
DURATIONS = st.floats(0, 30)


@given(TEXTS, DURATIONS)
def test_after_mending_no_loop_is_left_and_nothing_new_is_there(text: str, duration_s: float) -> None:
    mended = without_loops(text, duration_s)
    assert find_loop(mended, duration_s) is None
    rest = iter(text)
    assert all(letter in rest for letter in mended)


@given(st.sampled_from(["fi", "side", "ok", "num"]), st.integers(MIN_REPEATS, 200))
def test_one_word_to_the_end_of_the_utterance_is_a_loop_at_any_length(word: str, times: int) -> None:
    assert find_loop(" ".join([word] * times), times / 6.5)


@given(st.lists(st.integers(), unique=True, max_size=80).map(lambda numbers: " ".join(f"w{n}x" for n in numbers)))
def test_words_that_all_differ_are_no_loop_however_fast(text: str) -> None:
    assert find_loop(text, 0.1) is None
