import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.events import SAMPLE_RATE_HZ, Word
from appliance.language.redaction import Redactor, redact

from .steps import calls

SECOND = SAMPLE_RATE_HZ


def spoken(text: str, start_s: float = 0) -> list[Word]:
    start = round(start_s * SECOND)
    return [Word(word, start + 100 * index, start + 100 * index + 90) for index, word in enumerate(text.split())]


def shown(words: tuple[Word, ...]) -> str:
    return " ".join(word.text for word in words)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Yes, it is four four seven one, nine zero two.", "Yes, it is [7 digits]"),
        ("my card is 4111 1111 1111 1111 okay", "my card is [16 digits] okay"),
        ("고객 번호는 사 사 칠 일입니다.", "고객 번호는 [4 digits]"),
        ("five five five five, no sorry, five five five six", "[4 digits] no sorry, [4 digits]"),
        ("To jessica dot hall at example dot com.", "To [e-mail]"),
        ("send 1234 to jess four two at example dot com", "send [5 digits] [e-mail]"),
        ("a charge of ninety dollars", "a charge of ninety dollars"),
        ("waiting for twenty minutes", "waiting for twenty minutes"),
        ("I called twice", "I called twice"),
        ("이십 분이나 기다리고 있습니다", "이십 분이나 기다리고 있습니다"),
        ("", ""),
    ],
)
def test_secrets_become_marks_and_all_else_stays(text: str, redacted: str) -> None:
    assert shown(redact(spoken(text))) == redacted


def test_a_mark_spans_the_time_of_what_it_hides_and_claims_no_confidence() -> None:
    words = [Word("it", 0, 1, 0.9), Word("4471", 2, 5, 0.9, estimated=True), Word("902", 6, 9, 0.8)]
    assert redact(words) == (words[0], Word("[7 digits]", 2, 9, estimated=True))


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("it is four", "it is four"),
        ("it is four four", "it is"),
        ("it is four four seven", "it is"),
        ("it is four four seven one", "it is [4 digits]"),
        ("waiting for twenty", "waiting for"),
        ("waiting for twenty minutes", "waiting for twenty minutes"),
        ("code double", "code double"),
        ("to jessica dot hall at example", "to"),
        ("to jessica dot hall at example dot com", "to [e-mail]"),
    ],
)
def test_a_partial_holds_back_what_may_become_a_secret(text: str, redacted: str) -> None:
    assert shown(redact(spoken(text), partial=True)) == redacted


def test_a_number_given_over_two_utterances_is_one_number() -> None:
    redactor = Redactor()
    redactor.redact(spoken("it is four four seven one"), partial=False)
    assert shown(redactor.redact(spoken("nine zero", 3), partial=True)) == "[2 digits]"
    assert shown(redactor.redact(spoken("nine zero two", 3), partial=False)) == "[3 digits]"
    assert shown(redactor.redact(spoken("one one thank you", 6), partial=False)) == "[2 digits] thank you"
    assert shown(redactor.redact(spoken("two two", 7), partial=False)) == "two two"


def test_a_number_read_digit_by_digit_goes_on_over_the_single_one() -> None:
    redactor = Redactor()
    redactor.redact(spoken("it is four four seven one"), partial=False)
    redactor.redact(spoken("nine", 2), partial=False)
    assert shown(redactor.redact(spoken("zero two", 4), partial=False)) == "[2 digits]"


@pytest.mark.parametrize(
    ("before", "pause_s"),
    [("it is four four seven one okay", 1.0), ("it is four", 1.0), ("it is four four seven one", 30.0)],
)
def test_later_digits_after_other_words_or_a_long_pause_are_their_own(before: str, pause_s: float) -> None:
    redactor = Redactor()
    redactor.redact(spoken(before), partial=False)
    assert shown(redactor.redact(spoken("two days", pause_s), partial=False)) == "two days"
    assert shown(redactor.redact(spoken("two two", pause_s + 1), partial=False)) == "two two"


def test_a_partial_and_an_empty_final_leave_the_memory_as_it_is() -> None:
    redactor = Redactor()
    redactor.redact(spoken("it is four four seven one"), partial=False)
    redactor.redact(spoken("no", 1), partial=True)
    redactor.redact([], partial=False)
    assert shown(redactor.redact(spoken("nine zero", 2), partial=False)) == "[2 digits]"


DIGIT = st.sampled_from(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


@given(st.lists(DIGIT, min_size=4, max_size=20), st.lists(st.sampled_from(["it", "is", "my", "card"]), max_size=5))
def test_no_partial_of_a_growing_number_shows_two_of_its_digits(digits: list[str], before: list[str]) -> None:
    words = spoken(" ".join([*before, *digits]))
    for length in range(len(words) + 1):
        partial = redact(words[:length], partial=True)
        assert sum(word.text in digits for word in partial) <= 1


@given(
    st.lists(st.text() | DIGIT | st.sampled_from(["at", "dot", "com", "to", "double", "4471"])),
    st.booleans(),
    st.booleans(),
)
def test_any_words_lose_only_what_marks_stand_for(texts: list[str], partial: bool, continues: bool) -> None:
    words = [Word(text, 10 * index, 10 * index + 9) for index, text in enumerate(texts)]
    redacted = redact(words, partial=partial, continues=continues)
    covered = {
        index
        for word in redacted
        for index in range(word.start_sample // 10, word.end_sample // 10 + 1)
        if word.text == words[index].text or word.text.startswith("[")
    }
    assert covered == set(range(len(covered)))
    assert partial or len(covered) == len(words)


@pytest.mark.parametrize("text", ["four ", "to ", "a dot ", "x four at ", "at a at a dot com ", "double ", "a b at "])
def test_the_cost_is_linear_in_the_words(text: str) -> None:
    few, many = (calls(redact, spoken(text * times), partial=True) for times in (200, 400))
    assert many <= 2.1 * few
