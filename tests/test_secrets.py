"""Secrets spoken in a call over scripted recognizers: nothing that leaves the session holds them.

Everything that the device keeps, sends or shows is made of the session's outputs, and of nothing else.
"""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.event_json import to_json
from appliance.events import Event, Word
from appliance.session import Partial
from appliance.speech.frames import Side

from .scripted_call import Talk, said

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORD_S = 0.2
PAUSE_S = 1.5
"""Longer than the hangover: what follows is another utterance."""


def told(talk: Talk) -> list[str]:
    """Give every text that leaves the session."""
    return [
        to_json(output).decode() if isinstance(output, Event) else output.text
        for output in talk.outputs
        if isinstance(output, Event | Partial)
    ]


def spoken(turns: Sequence[tuple[Side, str]]) -> dict[Side, list[Word]]:
    """Lay turns one after the other; each is an utterance."""
    script: dict[Side, list[Word]] = {"agent": [], "caller": []}
    clock = 1.0
    for side, text in turns:
        script[side] += said(text, clock, WORD_S)
        clock += len(text.split()) * WORD_S + PAUSE_S
    return script


def held(turns: Sequence[tuple[Side, str]], losses: Sequence[float] = ()) -> Talk:
    script = spoken(turns)
    end_s = max(word.end_sample for words in script.values() for word in words) / 16_000
    talk = Talk(script)
    for share in sorted(losses):
        talk.run_until(share * end_s)
        talk.lose("caller")
    return talk.run_until(end_s + PAUSE_S).hang_up()


def digits_in(text: str) -> int:
    """Give how many spoken digits stand in a text."""
    return sum(word.strip('.,"') in DIGITS for word in text.replace('"', " ").split())


@pytest.mark.parametrize(
    ("turns", "secrets"),
    [
        ([("agent", "what is the code on the back"), ("caller", "it is seven nine three")], ["seven", "nine", "three"]),
        ([("agent", "your email please"), ("caller", "jessica dot hall at example dot com")], ["jessica", "hall"]),
        ([("agent", "your date of birth please"), ("caller", "the ninth of august nineteen eighty four")], ["eighty"]),
        ([("caller", "my name is jessica hall")], ["jessica", "hall"]),
        (
            [
                ("agent", "your phone number"),
                ("caller", "oh two oh seven nine four six"),
                ("caller", "eight five three"),
            ],
            ["seven", "nine", "eight five"],
        ),
        (
            [
                (
                    "caller",
                    "it is five five five no sorry six six six six seven seven seven seven eight eight eight eight",
                )
            ],
            ["six", "seven seven", "eight eight"],
        ),
    ],
    ids=["code", "email", "birth", "name", "phone over two utterances", "corrected card"],
)
def test_a_secret_is_in_nothing_that_leaves_the_session(turns: list[tuple[Side, str]], secrets: list[str]) -> None:
    talk = held(turns)
    for text in told(talk):
        assert not any(secret in text for secret in secrets), text
    assert any("[" in text for text in told(talk)), "a mark stands in its place"


CARDS = st.lists(st.sampled_from(DIGITS), min_size=12, max_size=19)
CUTS = st.lists(st.integers(2, 17), max_size=3, unique=True).map(sorted)


@settings(max_examples=25)
@given(CARDS, CUTS, st.lists(st.floats(0.2, 0.9), max_size=1), st.booleans())
def test_no_split_of_a_card_number_into_utterances_and_no_lost_recognizer_lets_it_leave(
    card: list[str], cuts: list[int], losses: list[float], is_asked: bool
) -> None:
    places = [0, *(cut for cut in cuts if cut < len(card) - 1), len(card)]
    groups = [" ".join(card[start:end]) for start, end in itertools.pairwise(places)]
    question: list[tuple[Side, str]] = [("agent", "please read me the card number")] if is_asked else []
    talk = held([*question, ("caller", f"it is {groups[0]}"), *(("caller", group) for group in groups[1:])], losses)
    for text in told(talk):
        assert digits_in(text) <= 1, text


def test_the_words_of_a_secret_are_in_no_evidence_of_an_alert() -> None:
    talk = held([("caller", "call my lawyer on four four seven one nine oh two")])
    texts = [text for text in told(talk) if '"alert"' in text]
    assert texts
    assert all(digits_in(text) == 0 for text in texts)
