import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.language.inflection import forms


@pytest.mark.parametrize(
    ("word", "some"),
    [
        ("call", "call calls called calling"),
        ("cancel", "cancel cancels cancelled cancelling"),
        ("stop", "stop stops stopped stopping"),
        ("complain", "complain complains complained complaining"),
        ("escalate", "escalate escalates escalated escalating"),
        ("hurry", "hurry hurries hurried hurrying"),
        ("annoy", "annoy annoys annoyed annoying"),
        ("switch", "switch switches switched switching"),
        ("speak", "speak speaks spoke spoken speaking"),
        ("lawyer", "lawyer lawyers"),
        ("fix", "fix fixes fixed fixing"),
    ],
)
def test_a_word_has_its_forms(word: str, some: str) -> None:
    assert set(some.split()) <= set(forms(word))


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12))
def test_any_word_is_a_form_of_itself_and_has_few(word: str) -> None:
    assert word in forms(word) or word == "be"
    assert len(forms(word)) <= 8
