"""The contract of a recognizer, kept by both real engines in their real processes; and what happens when these die."""

import asyncio
import contextlib
import itertools
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from appliance.adapters.recognizer_worker import KEPT_WAITING_MS, MAX_WAITING_MS, Ears
from appliance.adapters.recognizers import WORKERS, RecognizerHost, Recognizers
from appliance.errors import BadInputError
from appliance.events import Word
from appliance.speech.frames import Side, samples
from appliance.speech.recognizer import EndUtterance, Hear, Hypothesis, Pause, Request, ScriptedRecognizer

from .clips import Clip, hosts, requests, workers

PATIENCE_S = 60.0
"""Nothing here takes so long, however busy the machine: whoever waits longer hangs."""

BACK_WITHIN_S = {"vosk": 2.0, "moonshine": 5.0}
"""After the death of a worker. Moonshine's model cannot be shared across a fork, each worker loads its own."""

CLIPS = {
    "vosk": (Clip("billing_ko_16k", "caller", 54.7, 57.1), Clip("billing_ko_16k", "agent", 12.9, 14.7)),
    "moonshine": (Clip("billing_dispute", "caller", 70.4, 72.6), Clip("billing_dispute", "agent", 18.3, 19.9)),
}
KEYWORDS = {"vosk": ("책임자", "죄송"), "moonshine": ("supervisor", "account"), "scripted": ("first", "second")}

SCRIPT = [
    Word("the", samples(1000), samples(1200)),
    Word("first", samples(1200), samples(1800)),
    Word("second", samples(7100), samples(7700)),
    Word("the", samples(12_200), samples(12_400)),
    Word("first", samples(12_400), samples(13_000)),
]


class Ear:
    """What a recognizer says to the call."""

    def __init__(self) -> None:
        self.hypotheses: list[Hypothesis] = []
        self.lost_until: list[int] = []
        self.dropped: list[tuple[int, int]] = []
        self.last_word_s = 0.0

    def hear(self, _side: Side, hypothesis: Hypothesis) -> None:
        self.hypotheses.append(hypothesis)
        self.last_word_s = time.monotonic()

    def lose(self, _side: Side, until_sample: int) -> None:
        self.lost_until.append(until_sample)

    def drop(self, _side: Side, start_sample: int, end_sample: int) -> None:
        self.dropped.append((start_sample, end_sample))

    def final(self, utterance: int) -> Hypothesis:
        (found,) = [one for one in self.hypotheses if one.final and one.utterance == utterance]
        return found


@contextlib.asynccontextmanager
async def listening(host: RecognizerHost) -> AsyncIterator[tuple[Recognizers, Ear]]:
    """Run the recognizers of a host."""
    ear = Ear()
    recognizer = Recognizers(host, Ears(ear.hear, ear.lose, ear.drop))
    running = asyncio.create_task(recognizer.run())
    try:
        yield recognizer, ear
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@contextlib.asynccontextmanager
async def hosting(engine: str, folder: Path) -> AsyncIterator[RecognizerHost]:
    """Run the process with the model."""
    host = RecognizerHost(engine, folder)
    await host.start()
    try:
        yield host
    finally:
        await host.stop()


async def answer(recognizer: Recognizers, requests: Sequence[Request]) -> None:
    """Have each request answered before the next one is sent, so that every partial is wanted."""
    for request in requests:
        recognizer.send(request)
        await asyncio.wait_for(recognizer.idle(), PATIENCE_S)


class Session(NamedTuple):
    """Two utterances and the first one again, heard by one recognizer; and the first alone, by a fresh one."""

    engine: str
    requests: list[Request]
    answers: list[Hypothesis]
    fresh: list[Hypothesis]

    def words(self, utterance: int) -> tuple[Word, ...]:
        (final,) = [one for one in self.answers if one.final and one.utterance == utterance]
        assert final.words is not None
        return final.words

    def span(self, utterance: int) -> tuple[int, int]:
        heard = [one for one in self.requests if isinstance(one, Hear) and one.utterance == utterance]
        return heard[0].sample, heard[-1].sample + len(heard[-1].pcm) // 2


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
    assert not ear.lost_until
    return Session(engine, sent, ear.hypotheses, fresh.hypotheses)


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


@pytest.fixture(params=["vosk", "moonshine"])
def engine(request: pytest.FixtureRequest) -> tuple[str, Path]:
    folder: Path = request.getfixturevalue("korean_model" if request.param == "vosk" else "english_model")
    return request.param, folder


def with_pauses(sent: list[Request]) -> list[Request]:
    """Put a pause into the middle of an utterance, and one before its end."""
    *audio, end = sent
    pause, middle = Pause("caller", end.utterance), len(audio) // 2
    return [*audio[:middle], pause, *audio[middle:], pause, end]


def test_a_pause_changes_no_final_word_and_vosk_tells_them_in_it(engine: tuple[str, Path]) -> None:
    name, folder = engine
    pcm = CLIPS[name][0].pcm

    async def run() -> None:
        async with hosting(name, folder) as host, listening(host) as (recognizer, ear):
            await answer(recognizer, list(requests(1, 0, pcm)))
            await answer(recognizer, with_pauses(list(requests(2, 0, pcm))))
            assert ear.final(2).words == ear.final(1).words
            if name == "vosk":
                told = [one for one in ear.hypotheses if one.utterance == 2 and not one.final][-1]
                assert told.words == ear.final(2).words

    asyncio.run(run())


def test_a_pause_before_any_audio_costs_no_word(engine: tuple[str, Path]) -> None:
    name, folder = engine
    pcm = CLIPS[name][0].pcm

    async def run() -> None:
        async with hosting(name, folder) as host, listening(host) as (recognizer, ear):
            await answer(recognizer, [Pause("caller", 1), *requests(1, 0, pcm)])
            assert KEYWORDS[name][0] in " ".join(word.text for word in ear.final(1).words or ())

    asyncio.run(run())


def kill(processes: list[psutil.Process]) -> None:
    """End processes at once; children of ours are waited for by asyncio."""
    assert processes
    for process in processes:
        process.kill()


def test_a_worker_killed_in_mid_utterance_is_declared_and_the_next_one_hears_what_follows(
    engine: tuple[str, Path],
) -> None:
    name, folder = engine
    first, second = (clip.pcm for clip in CLIPS[name])
    half = samples(200) * 5

    async def run() -> None:
        async with hosting(name, folder) as host, listening(host) as (recognizer, ear):
            await answer(recognizer, [Hear("caller", 1, 0, first[: 2 * half])])
            kill(workers())
            killed_s = time.monotonic()
            await answer(recognizer, list(requests(1, half, first[2 * half :]))[-1:])
            assert ear.last_word_s - killed_s < BACK_WITHIN_S[name]
            assert ear.lost_until == [half]
            assert ear.final(1).words == ()
            await answer(recognizer, list(requests(2, samples(9000), second)))
            assert KEYWORDS[name][1] in " ".join(word.text for word in ear.final(2).words or ())
            assert ear.lost_until == [half]

    asyncio.run(run())


def test_a_worker_outlives_its_host_and_a_new_host_is_started_when_it_dies_too(korean_model: Path) -> None:
    first, second = (clip.pcm for clip in CLIPS["vosk"])

    async def run() -> None:
        async with hosting("vosk", korean_model) as host, listening(host) as (recognizer, ear):
            sent = list(requests(1, 0, first))
            await answer(recognizer, sent[:3])
            orphans = workers()
            kill(hosts())
            await answer(recognizer, sent[3:])
            assert not ear.lost_until
            assert KEYWORDS["vosk"][0] in " ".join(word.text for word in ear.final(1).words or ())
            kill(orphans)
            await answer(recognizer, [EndUtterance("caller", 2)])
            await answer(recognizer, list(requests(3, samples(9000), second)))
            assert not ear.lost_until, "the first utterance was heard to its end"
            assert KEYWORDS["vosk"][1] in " ".join(word.text for word in ear.final(3).words or ())

    asyncio.run(run())


def test_a_recognizer_that_falls_too_far_behind_drops_the_oldest_audio_as_one_hole(english_model: Path) -> None:
    async def run() -> None:
        ear = Ear()
        recognizer = Recognizers(RecognizerHost("moonshine", english_model), Ears(ear.hear, ear.lose, ear.drop))
        sent = list(requests(1, 0, bytes(2 * samples(MAX_WAITING_MS + 1000))))
        for request in sent:
            recognizer.send(request)
        ((start, end),) = ear.dropped
        assert start == 0
        assert samples(MAX_WAITING_MS - KEPT_WAITING_MS) <= end <= samples(MAX_WAITING_MS - KEPT_WAITING_MS + 600)

    asyncio.run(run())


def test_a_model_that_cannot_be_loaded_is_told_with_its_folder_and_the_mend(tmp_path: Path) -> None:
    async def run() -> None:
        with pytest.raises(BadInputError) as caught:
            await RecognizerHost("vosk", tmp_path).start()
        assert caught.value.where == str(tmp_path)
        assert "undertone model verify" in caught.value.mend

    asyncio.run(run())


def test_a_damaged_moonshine_model_is_refused_before_the_call(english_model: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(english_model, damaged)
    weights = damaged / "decoder_model_merged.ort"
    weights.write_bytes(bytes(weights.stat().st_size))

    async def run() -> None:
        with pytest.raises(BadInputError) as caught:
            await RecognizerHost("moonshine", damaged).start()
        assert "undertone model verify" in caught.value.mend

    asyncio.run(run())


def test_nobody_waits_for_a_recognizer_that_can_never_start(tmp_path: Path) -> None:
    async def run() -> Ear:
        host = RecognizerHost("vosk", tmp_path)
        async with listening(host) as (recognizer, ear):
            for request in requests(1, 0, bytes(64_000)):
                recognizer.send(request)
            await asyncio.wait_for(recognizer.idle(), PATIENCE_S)
        await host.stop()
        return ear

    assert asyncio.run(run()).lost_until == [32_000]


def test_no_process_stays_behind(english_model: Path) -> None:
    async def run() -> None:
        async with hosting("moonshine", english_model) as host, listening(host) as (recognizer, _):
            await answer(recognizer, [Hear("caller", 1, 0, bytes(6400))])
            alive.extend([*hosts(), *workers()])

    alive: list[psutil.Process] = []
    asyncio.run(run())
    assert len(alive) == 1 + WORKERS
    _, still = psutil.wait_procs(alive, timeout=5)
    assert not still
