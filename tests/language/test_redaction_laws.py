"""What must hold whatever is said, and whatever of it is heard first."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.events import Word
from appliance.language.marks import is_redacted
from appliance.language.redaction import Redactor

from .steps import calls
from .test_redaction import spoken

DIGIT = st.sampled_from(
    ["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "0", "42"]
)
PAIR = st.sampled_from(["forty two", "eleven", "ninety nine", "twenty", "double seven", "triple one"])
SECRET = st.lists(DIGIT | PAIR, min_size=4, max_size=16)
CORRECTION = st.sampled_from(["", "", "", "um", "dash", "no sorry", "wait"])
LINK = CORRECTION | st.sampled_from(["and then", "okay"])
QUESTION = st.sampled_from(
    ["What is your account number?", "and the card number please", "your phone number?", "the three digits on the back"]
)


@st.composite
def read_out(draw: st.DrawFn, link: st.SearchStrategy[str]) -> list[list[str]]:
    """Give a number as somebody reads it: in groups, corrected, over several utterances."""
    utterances: list[list[str]] = [[]]
    for piece in draw(SECRET):
        utterances[-1] += [*draw(link).split(), *piece.split()]
        if draw(st.integers(0, 3)) == 0:
            utterances.append([])
    return [utterance for utterance in utterances if utterance]


DIGITS = frozenset("zero one two three four five six seven eight nine 0 42 forty eleven ninety twenty".split())  # noqa: SIM905


@given(QUESTION, read_out(LINK))
def test_no_digit_of_a_number_that_was_asked_for_is_ever_shown(question: str, utterances: list[list[str]]) -> None:
    redactor = Redactor()
    redactor.hear_other(spoken(question))
    for number, utterance in enumerate(utterances, 1):
        words = spoken(" ".join(utterance), number)
        hypotheses = [redactor.redact(words[:end], partial=True) for end in range(1, len(words) + 1)]
        hypotheses.append(redactor.redact(words, partial=False))
        assert not [word.text for shown_now in hypotheses for word in shown_now if word.text in DIGITS]


@given(read_out(CORRECTION))
def test_of_a_number_that_nobody_asked_for_nothing_is_shown_either(utterances: list[list[str]]) -> None:
    redactor = Redactor()
    for number, utterance in enumerate(utterances):
        words = spoken(" ".join(utterance), number)
        hypotheses = [redactor.redact(words[:end], partial=True) for end in range(1, len(words) + 1)]
        hypotheses.append(redactor.redact(words, partial=False))
        assert not [word.text for shown_now in hypotheses for word in shown_now if word.text in DIGITS]


LOCAL = st.sampled_from(
    ["laura", "laura dot laura", "l a u r a", "laura underscore laura", "laura four two", "l dot laura", "laura five"]
)
DOMAIN = st.lists(st.sampled_from(["north", "wind", "example"]), min_size=1, max_size=3)


@given(st.sampled_from(["", "write to", "my email is", "it is"]), LOCAL, DOMAIN)
def test_no_partial_shows_a_part_of_an_address(before: str, local: str, domain: list[str]) -> None:
    address = [*local.split(), "at", *domain, "dot", "com"]
    words = spoken(" ".join([*before.split(), *address]))
    for end in range(1, len(words) + 1):
        partial = Redactor().redact(words[:end], partial=True)
        assert not [word for word in partial if word.text in ("laura", "u", "north", "wind", "example")]


ANY_WORD = st.sampled_from(
    [
        *("at", "dot", "com", "to", "for", "double", "4471", "four", "oh", "eleven", "thirty", "hundred", "my", "name"),
        *(
            "is",
            "this",
            "speaking",
            "laura",
            "code",
            "number",
            "email",
            "born",
            "may",
            "third",
            "of",
            "no",
            "sorry",
            "a",
        ),
        *(
            "s",
            "dollars",
            "minutes",
            "and",
            "i",
            "2019",
            "in",
            "underscore",
            "it",
            "mr",
            "골뱅이",
            "이름은",
            "칠",
            "팔구",
        ),
    ]
)


@example(["to", "", "000"], "")
@given(
    st.lists(ANY_WORD | st.text(max_size=6), max_size=14),
    st.sampled_from(["", "your email?", "your date of birth?", "your name?", "card number?", "cvv?", "how many?"]),
)
def test_a_partial_never_shows_what_its_final_would_hide(texts: list[str], question: str) -> None:
    words = [Word(text, 1000 + 10 * index, 1009 + 10 * index) for index, text in enumerate(texts)]

    def plain(count: int, *, partial: bool) -> set[int]:
        redactor = Redactor()
        redactor.hear_other([Word(text, n, n + 1) for n, text in enumerate(question.split())])
        given_out = redactor.redact(words[:count], partial=partial)
        return {word.start_sample for word in given_out if not is_redacted(word.text)}

    final = plain(len(words), partial=False)
    for count in range(len(words) + 1):
        assert plain(count, partial=True) <= final


@given(st.lists(st.text() | ANY_WORD), st.booleans())
def test_any_words_lose_only_what_marks_stand_for(texts: list[str], partial: bool) -> None:
    words = [Word(text, 10 * index, 10 * index + 9) for index, text in enumerate(texts)]
    redacted = Redactor().redact(words, partial=partial)
    covered = {
        index
        for word in redacted
        for index in range(word.start_sample // 10, word.end_sample // 10 + 1)
        if word.text == words[index].text or word.text.startswith("[")
    }
    assert covered == set(range(len(covered)))
    assert partial or len(covered) == len(words)


@pytest.mark.parametrize(
    "text",
    [
        *("four ", "to ", "a dot ", "x four at ", "at a at a dot com ", "double ", "a b at ", "my name is x "),
        *("this is ", "four no sorry ", "born third of may ", "hundred ", "email is a dot ", "s "),
    ],
)
@pytest.mark.parametrize("partial", [True, False])
def test_the_cost_is_linear_in_the_words(text: str, partial: bool) -> None:
    few, many = (calls(Redactor().redact, spoken(text * times), partial=partial) for times in (100, 200))
    assert many <= 2.1 * few
