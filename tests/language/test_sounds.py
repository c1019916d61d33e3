import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.language.sounds import are_alike, english_key, korean_key, near_keys


def sounds_like(heard: str, meant: str) -> bool:
    return english_key(heard) == english_key(meant) != "" and are_alike(heard, meant)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("council", "cancel"),
        ("counsel", "cancel"),
        ("manger", "manager"),
        ("atourney", "attorney"),
        ("ombudzman", "ombudsman"),
        ("solisitor", "solicitor"),
        ("superviser", "supervisor"),
        ("escalade", "escalate"),
    ],
)
def test_what_recognizers_write_for_a_word_sounds_like_it(heard: str, meant: str) -> None:
    assert sounds_like(heard, meant)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("reading", "writing"),
        ("liar", "lawyer"),
        ("lower", "lawyer"),
        ("wedding", "waiting"),
        ("street", "start"),
        ("strike", "stroke"),
        ("stopped", "stupid"),
        ("border", "brother"),
        ("surface", "service"),
        ("prison", "person"),
        ("things", "thanks"),
        ("affected", "evicted"),
        ("consult", "cancelled"),
    ],
)
def test_ordinary_words_do_not_stand_for_others(heard: str, meant: str) -> None:
    assert not sounds_like(heard, meant)


@pytest.mark.parametrize(("heard", "meant"), [("헤", "해"), ("혜", "해"), ("됐", "됬"), ("웬", "왠"), ("낫", "낮")])
def test_korean_syllables_that_sound_the_same_have_one_key(heard: str, meant: str) -> None:
    assert korean_key(heard) == korean_key(meant)


@pytest.mark.parametrize(("heard", "meant"), [("오", "호"), ("징", "진"), ("너", "노")])
def test_korean_syllables_that_a_telephone_blurs_are_near(heard: str, meant: str) -> None:
    assert korean_key(heard) in near_keys(meant)
    assert korean_key(heard) != korean_key(meant)


@pytest.mark.parametrize(("heard", "meant"), [("자", "지"), ("책", "팀"), ("하", "가")])
def test_other_korean_syllables_are_not_near(heard: str, meant: str) -> None:
    assert korean_key(heard) not in {korean_key(meant), *near_keys(meant)}


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_text_has_a_key_and_likeness_goes_both_ways_for_equal_words(one: str, two: str) -> None:
    assert english_key(one) == english_key(one)
    assert are_alike(one, one)
    assert isinstance(are_alike(one, two), bool)
    assert all(isinstance(korean_key(char), str) and isinstance(near_keys(char), frozenset) for char in one)
