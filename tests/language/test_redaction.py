import pytest

from appliance.events import SAMPLE_RATE_HZ, Word
from appliance.language.redaction import Redactor, redact

SECOND = SAMPLE_RATE_HZ


def spoken(text: str, start_s: float = 0) -> list[Word]:
    start = round(start_s * SECOND)
    return [Word(word, start + 100 * index, start + 100 * index + 90) for index, word in enumerate(text.split())]


def shown(words: tuple[Word, ...]) -> str:
    return " ".join(word.text for word in words)


def partly(text: str, *, asked: str = "", known: frozenset[str] = frozenset()) -> str:
    redactor = Redactor(known=known)
    redactor.hear_other(spoken(asked))
    return shown(redactor.redact(spoken(text, 1), partial=True))


def answered(question: str, *answers: str) -> list[str]:
    redactor = Redactor()
    redactor.hear_other(spoken(question))
    return [shown(redactor.redact(spoken(text, 1 + n), partial=False)) for n, text in enumerate(answers)]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Yes, it is four four seven one, nine zero two.", "Yes, it is [7 digits]"),
        ("pay with 4111 1111 1111 1111 okay", "pay with [card 16 digits] okay"),
        ("pay with 4111 1111 1111 1112 okay", "pay with [16 digits] okay"),
        ("고객 번호는 사 사 칠 일입니다.", "고객 번호는 [4 digits]"),
        ("five five five five, no sorry, five five five six", "[4 digits] no sorry, [4 digits]"),
        ("five five five no wait six", "[3 digits] no wait [1 digit]"),
        ("it says forty two eleven here", "it says [4 digits] here"),
        ("nine hundred one two three people", "nine hundred one two three people"),
        ("double oh nine hundred one two three", "[8 digits]"),
        ("To jessica dot hall at example dot com.", "To [email]"),
        ("send 1234 to jess four two at example dot com", "send [5 digits] [email]"),
        ("my name is Laura Hill and I am here", "my name is [name] and I am here"),
        ("this is harold winter speaking", "this is [name] speaking"),
        ("the security code is one two three okay", "the security code is [code 3 digits] okay"),
        ("I was born on the third of May nineteen eighty", "I was born on the [date of birth]"),
        ("a charge of ninety dollars", "a charge of ninety dollars"),
        ("waiting for twenty minutes", "waiting for twenty minutes"),
        ("it leaves at eleven thirty", "it leaves at eleven thirty"),
        ("since 2019 and in twenty twenty four", "since 2019 and in twenty twenty four"),
        ("I called twice", "I called twice"),
        ("my name is on the list", "my name is on the list"),
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
    ("question", "answer", "redacted"),
    [
        ("And the three digits on the back?", "It's seven oh nine.", "It's [code 3 digits]"),
        ("What is your account number?", "eleven thirty", "[4 digits]"),
        ("What time suits you?", "eleven thirty", "eleven thirty"),
        ("How many are there?", "four", "four"),
        ("What is your date of birth?", "May 3rd, eighty two", "[date of birth]"),
        ("What is your date of birth?", "Why, may I ask?", "Why, may I ask?"),
        ("Which delivery date?", "May 3rd", "May 3rd"),
        ("And your name?", "It is Amanda Brown.", "It is [name]"),
        ("And your name?", "No, why?", "No, why?"),
        ("What is your email address?", "it is laura at example", "it is [email]"),
        ("What is the long number on the card?", "four one one one one", "[card 5 digits]"),
        ("생년월일이 어떻게 되세요?", "팔십이년 오월 삼일이요", "[date of birth]"),
        ("성함이 어떻게 되세요?", "김민수입니다", "[name]"),
    ],
)
def test_what_the_other_voice_asked_for_tells_what_the_answer_is(question: str, answer: str, redacted: str) -> None:
    assert answered(question, answer) == [redacted]


def test_whoever_announces_a_number_gives_it_at_once_or_not_at_all() -> None:
    redactor = Redactor()
    redactor.redact(spoken("what is the tracking number"), partial=False)
    assert shown(redactor.redact(spoken("three", 3), partial=False)) == "[1 digit]"
    assert shown(redactor.redact(spoken("I am here until eight", 20), partial=False)) == "I am here until eight"


def test_a_question_is_forgotten_after_half_a_minute_and_once_it_is_answered() -> None:
    redactor = Redactor()
    redactor.hear_other(spoken("your date of birth?"))
    assert shown(redactor.redact(spoken("one moment", 1), partial=False)) == "one moment"
    assert shown(redactor.redact(spoken("May third eighty two", 5), partial=False)) == "[date of birth]"
    assert shown(redactor.redact(spoken("come on May third", 9), partial=False)) == "come on May third"
    redactor.hear_other(spoken("your date of birth?", 20))
    assert shown(redactor.redact(spoken("May third", 60), partial=False)) == "May third"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("it is four", "it is"),
        ("it is four four", "it is"),
        ("it is for", "it is"),
        ("it is four four seven", "it is"),
        ("it is four four seven one", "it is [4 digits]"),
        ("it is four four no", "it is"),
        ("waiting for twenty", "waiting for"),
        ("waiting for twenty minutes", "waiting for twenty"),
        ("code double", "code"),
        ("to jessica", "to"),
        ("to jessica dot hall at example", "to"),
        ("to jessica dot hall at example dot com", "to [email]"),
        ("I am at home with", "I am at home with"),
        ("write to laura at north wind", "write to"),
        ("this is harold", "this is"),
        ("my name is laura", "my name is [name]"),
    ],
)
def test_a_partial_holds_back_what_may_become_a_secret(text: str, redacted: str) -> None:
    assert partly(text) == redacted


def test_words_that_the_rules_wait_for_are_shown_at_once() -> None:
    assert partly("speak to your supervisor") == "speak to your"
    assert partly("speak to your supervisor", known=frozenset({"supervisor"})) == "speak to your supervisor"


def test_a_korean_word_that_the_rules_wait_for_is_shown_whatever_it_ends_with() -> None:
    known = frozenset({"책임자", "바꿔", "부"})
    assert partly("책임자 바꿔주", known=known) == "책임자 바꿔주"
    assert partly("책임자 부산에", known=known) == "책임자"
    assert partly("책임자 supervisors", known=frozenset({"책임자", "su"})) == "책임자"


def test_while_an_address_is_asked_for_no_word_of_it_is_shown() -> None:
    assert partly("it is laura smith", asked="your e-mail address please?") == "it is [email]"
    assert partly("it is laura f smith", asked="your e-mail address please?") == "it is"


def test_a_number_given_over_two_utterances_is_one_number() -> None:
    redactor = Redactor()
    redactor.redact(spoken("it is four four seven one"), partial=False)
    assert shown(redactor.redact(spoken("nine zero", 3), partial=True)) == "[2 digits]"
    assert shown(redactor.redact(spoken("nine zero two", 3), partial=False)) == "[3 digits]"
    assert shown(redactor.redact(spoken("one one thank you", 6), partial=False)) == "[2 digits] thank you"
    assert shown(redactor.redact(spoken("take two boxes", 7), partial=False)) == "take two boxes"


def test_a_number_goes_on_over_a_yes_and_a_correction() -> None:
    redactor = Redactor()
    redactor.redact(spoken("it is four four seven one"), partial=False)
    redactor.redact(spoken("no sorry", 2), partial=False)
    assert shown(redactor.redact(spoken("nine", 4), partial=False)) == "[1 digit]"


@pytest.mark.parametrize(
    ("before", "pause_s"),
    [("it is four four seven one in all", 1.0), ("about four", 1.0), ("it is four four seven one", 30.0)],
)
def test_later_digits_after_other_words_or_a_long_pause_are_their_own(before: str, pause_s: float) -> None:
    redactor = Redactor()
    redactor.redact(spoken(before), partial=False)
    assert shown(redactor.redact(spoken("two days", pause_s), partial=False)) == "two days"
    assert shown(redactor.redact(spoken("take two two", pause_s + 1), partial=False)) == "take two two"


def test_a_partial_and_an_empty_final_leave_the_memory_as_it_is() -> None:
    redactor = Redactor()
    redactor.redact(spoken("it is four four seven one"), partial=False)
    redactor.redact(spoken("wrong", 1), partial=True)
    redactor.redact([], partial=False)
    assert shown(redactor.redact(spoken("nine zero", 2), partial=False)) == "[2 digits]"


def test_without_leads_names_stay() -> None:
    redactor = Redactor(name_leads=())
    assert shown(redactor.redact(spoken("my name is Laura"), partial=False)) == "my name is Laura"
