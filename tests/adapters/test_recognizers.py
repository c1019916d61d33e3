"""The contract of a recognizer, kept by both real engines in their real processes."""

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.adapters.recognizers import RecognizerHost
from appliance.events import Word
from appliance.speech.frames import samples
from appliance.speech.recognizer import EndUtterance, Hear, Hypothesis, Look, Pause, Request, ScriptedRecognizer

from .clips import requests
from .listening import CLIPS, KEYWORDS, answer, hosting, listening

SCRIPT = [
    Word("the", samples(1000), samples(1200)),
    Word("first", samples(1200), samples(1800)),
    Word("second", samples(7100), samples(7700)),
    Word("the", samples(12_200), samples(12_400)),
    Word("first", samples(12_400), samples(13_000)),
]


class Session(NamedTuple):
    """Two utterances and the first one again, heard by one recognizer; and the first alone, by a fresh one."""

    engine: str
    requests: list[Request]
    answers: list[Hypothesis]
    fresh: list[Hypothesis]
    aside: "Aside | None" = None

    def words(self, utterance: int) -> tuple[Word, ...]:
        (final,) = [one for one in self.answers if one.final and one.utterance == utterance]
        assert final.words is not None
        return final.words

    def span(self, utterance: int) -> tuple[int, int]:
        heard = [one for one in self.requests if isinstance(one, Hear) and one.utterance == utterance]
        return heard[0].sample, heard[-1].sample + len(heard[-1].pcm) // 2


class Aside(NamedTuple):
    """What a recognizer answers to the first utterance where pauses and looks ahead come in between, by its number."""

    answers: dict[int, list[Hypothesis]]

    def words(self, utterance: int) -> tuple[Word, ...]:
        (final,) = [one for one in self.answers[utterance] if one.final]
        return final.words or ()


PLAIN, PAUSED, LOOKED, PAUSED_BEFORE, ONLY_LOOKED = range(1, 6)


def with_pauses(sent: list[Request]) -> list[Request]:
    """Put a pause into the middle of an utterance, and one before its end."""
    *audio, end = sent
    pause, middle = Pause("caller", end.utterance), len(audio) // 2
    return [*audio[:middle], pause, *audio[middle:], pause, end]


def with_looks(sent: list[Request]) -> list[Request]:
    """Look ahead after each piece of an utterance."""
    *audio, end = sent
    return [one for hear in audio for one in (hear, Look("caller", end.utterance))] + [end]


async def aside(host: RecognizerHost, pcm: bytes) -> Aside:
    async with listening(host) as (recognizer, ear):
        # In a fresh process, where nothing has been heard yet.
        await answer(recognizer, [Pause("caller", PAUSED_BEFORE), *requests(PAUSED_BEFORE, 0, pcm)])
        await answer(recognizer, list(requests(PLAIN, 0, pcm)))
        await answer(recognizer, with_pauses(list(requests(PAUSED, 0, pcm))))
        await answer(recognizer, with_looks(list(requests(LOOKED, 0, pcm))))
    async with listening(host) as (recognizer, alone):
        await answer(recognizer, [Look("caller", ONLY_LOOKED), EndUtterance("caller", ONLY_LOOKED)])
    heard = [*ear.hypotheses, *alone.hypotheses]
    return Aside({number: [one for one in heard if one.utterance == number] for number in range(1, 6)})


def utterances(first: bytes, second: bytes) -> list[Request]:
    """Give the requests of a `Session`; utterance 4 ends without any audio, as one does whose audio was lost."""
    return [
        *requests(1, samples(800), first),
        *requests(2, samples(7000), second),
        *requests(3, samples(12_000), first),
        EndUtterance("caller", 4),
    ]


async def real_session(engine: str, folder: Path) -> Session:
    first, second = (clip.pcm for clip in CLIPS[engine])
    sent = utterances(first, second)
    async with hosting(engine, folder) as host:
        async with listening(host) as (recognizer, ear):
            for utterance in range(1, 5):
                await answer(recognizer, [request for request in sent if request.utterance == utterance])
        async with listening(host) as (recognizer, fresh):
            await answer(recognizer, list(requests(1, samples(800), first)))
        between = await aside(host, first)
    assert not ear.lost_until
    return Session(engine, sent, ear.hypotheses, fresh.hypotheses, between)


def scripted_session() -> Session:
    sent = utterances(bytes(2 * samples(1400)), bytes(2 * samples(800)))
    return Session(
        "scripted", sent, scripted(sent), scripted(list(requests(1, samples(800), bytes(2 * samples(1400)))))
    )


def scripted(sent: Sequence[Request]) -> list[Hypothesis]:
    recognizer, until, answers = ScriptedRecognizer(SCRIPT), 0, []
    for request in sent:
        if isinstance(request, Hear):
            until = request.sample + len(request.pcm) // 2
            answers.append(Hypothesis(request.utterance, False, until, recognizer.hear(request.sample, request.pcm)))
        else:
            answers.append(Hypothesis(request.utterance, True, until, recognizer.end_utterance()))
    return answers


@pytest.fixture(scope="module", params=["vosk", "moonshine", "scripted"])
def session(request: pytest.FixtureRequest) -> Session:
    if request.param == "scripted":
        return scripted_session()
    folder: Path = request.getfixturevalue("korean_model" if request.param == "vosk" else "english_model")
    return asyncio.run(real_session(request.param, folder))


def test_each_request_gets_exactly_one_answer_in_order(session: Session) -> None:
    assert [(one.utterance, one.final) for one in session.answers] == [
        (request.utterance, isinstance(request, EndUtterance)) for request in session.requests
    ]


def test_an_answer_says_how_far_the_audio_was_heard(session: Session) -> None:
    for request, hypothesis in zip(session.requests, session.answers, strict=True):
        if isinstance(request, Hear):
            assert hypothesis.until_sample == request.sample + len(request.pcm) // 2


def test_the_words_lie_within_what_was_heard_one_after_the_other(session: Session) -> None:
    for hypothesis in session.answers:
        at, end = session.span(hypothesis.utterance)[0] if hypothesis.utterance < 4 else 0, hypothesis.until_sample
        for word in hypothesis.words or ():
            assert at <= word.start_sample <= word.end_sample <= end
            at = word.start_sample


def test_what_was_said_is_recognised(session: Session) -> None:
    for utterance, keyword in ((1, 0), (2, 1), (3, 0)):
        text = " ".join(word.text for word in session.words(utterance))
        assert KEYWORDS[session.engine][keyword] in text


def test_the_end_of_an_utterance_leaves_nothing_of_it_to_the_next(session: Session) -> None:
    text = " ".join(word.text for word in session.words(2))
    assert KEYWORDS[session.engine][0] not in text
    assert session.words(4) == ()


def test_partial_words_come_before_the_final_ones_and_only_when_they_are_new(session: Session) -> None:
    partials = [one.words for one in session.answers if one.utterance == 1 and not one.final and one.words is not None]
    assert partials
    texts = [[word.text for word in words] for words in partials]
    assert all(one != next_one for one, next_one in itertools.pairwise(texts))


def test_the_same_audio_gives_a_fresh_recognizer_the_same_words_at_the_same_times(session: Session) -> None:
    assert session.fresh == session.answers[: len(session.fresh)]


def test_confidences_are_the_engine_s_own_or_absent(session: Session) -> None:
    confidences = [word.confidence for word in session.words(1)]
    if session.engine == "vosk":
        assert all(confidence is not None and 0 <= confidence <= 1 for confidence in confidences)
    else:
        assert confidences == [None] * len(confidences)
    assert all(word.estimated == (session.engine == "moonshine") for word in session.words(1))


IN_PROCESSES = pytest.mark.parametrize("session", ["vosk", "moonshine"], indirect=True)


@pytest.fixture
def between(session: Session) -> Aside:
    assert session.aside is not None
    return session.aside


@IN_PROCESSES
def test_a_pause_changes_no_final_word_and_vosk_tells_them_in_it(session: Session, between: Aside) -> None:
    assert between.words(PAUSED) == between.words(PLAIN)
    if session.engine == "vosk":
        told = [one for one in between.answers[PAUSED] if not one.final][-1]
        assert told.words == between.words(PAUSED)


@IN_PROCESSES
def test_a_pause_before_any_audio_costs_no_word(session: Session, between: Aside) -> None:
    assert KEYWORDS[session.engine][0] in " ".join(word.text for word in between.words(PAUSED_BEFORE))


@IN_PROCESSES
def test_a_look_ahead_tells_the_final_words_and_changes_nothing(session: Session, between: Aside) -> None:
    assert between.words(LOOKED) == between.words(PLAIN)
    looks = [one for one in between.answers[LOOKED] if one.ahead]
    pieces = [one for one in between.answers[LOOKED] if not one.ahead and not one.final]
    assert len(looks) == len(pieces) > 0
    assert not any(one.final for one in looks)
    if session.engine == "vosk":
        assert looks[-1].words == between.words(LOOKED)
        keyword, partials = KEYWORDS["vosk"][0], between.answers[PLAIN]
        assert _first_with(looks, keyword) < _first_with(partials, keyword)


def _first_with(hypotheses: list[Hypothesis], text: str) -> int:
    """Give how far the audio was heard when a word was first told."""
    return next(one.until_sample for one in hypotheses if any(text in word.text for word in one.words or ()))


@IN_PROCESSES
def test_a_look_before_any_audio_tells_nothing(between: Aside) -> None:
    assert [one.words for one in between.answers[ONLY_LOOKED]] == [None, ()]
