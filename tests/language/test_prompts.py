import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.language.prompts import Voice, asked


@pytest.mark.parametrize(
    ("text", "voice", "kinds"),
    [
        ("What is your date of birth?", "other", {"birth"}),
        ("When were you born?", "other", {"birth", "quantity"}),
        ("Can I have the account number please?", "other", {"number"}),
        ("Please read me the long number on the card.", "other", {"card"}),
        ("And the expiry date, and the three digits on the back?", "other", {"code"}),
        ("What's the CVV?", "other", {"code"}),
        ("And a telephone number for you?", "other", {"number"}),
        ("Where shall I send the receipt?", "other", {"email"}),
        ("what is your e-mail address", "other", {"email"}),
        ("Jack, what was your last name?", "other", {"name"}),
        ("How many do you need?", "other", {"quantity"}),
        ("생년월일이 어떻게 되세요?", "other", {"birth"}),
        ("성함이 어떻게 되세요?", "other", {"name"}),
        ("카드 뒷면 세 자리 불러 주세요", "other", {"code"}),
        ("고객 번호를 말씀해 주세요", "other", {"number"}),
        ("my account number is", "own", {"number"}),
        ("my email is", "own", {"email"}),
        ("I was born on", "own", {"birth"}),
        ("My name is Laura. How can I help you today?", "other", set()),
        ("The visit was completed.", "other", set()),
        ("", "other", set()),
    ],
)
def test_a_question_tells_what_it_asks_for(text: str, voice: Voice, kinds: set[str]) -> None:
    assert set(asked(text.split(), voice)) == kinds


def test_a_question_knows_the_word_after_which_the_answer_may_come() -> None:
    assert asked("sure my account number is four".split(), "own") == {"number": 3}  # noqa: SIM905


@given(st.lists(st.text(max_size=8) | st.sampled_from(["account", "number", "is", "born", "email", "카드", "번호"])))
def test_any_words_ask_for_something_after_one_of_them_or_for_nothing(texts: list[str]) -> None:
    for voice in ("own", "other"):
        assert all(0 <= word < len(texts) for word in asked(texts, voice).values())
