"""The recognizers' processes killed, behind, unable to start, and ended."""

import asyncio
import shutil
import time
from pathlib import Path

import psutil
import pytest

from appliance.adapters.process_pulse import HUNG_S
from appliance.adapters.recognizer_worker import KEPT_WAITING_MS, MAX_WAITING_MS, Ears
from appliance.adapters.recognizers import WORKERS, RecognizerHost, Recognizers
from appliance.errors import BadInputError
from appliance.speech.frames import samples
from appliance.speech.recognizer import EndUtterance, Hear

from .clips import hosts, requests, workers
from .listening import CLIPS, KEYWORDS, PATIENCE_S, Ear, answer, hosting, listening

BACK_WITHIN_S = {"vosk": 2.0, "moonshine": 5.0}
"""After the death of a worker. Moonshine's model cannot be shared across a fork, each worker loads its own."""


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


@pytest.mark.soak
def test_recognizers_that_hang_are_ended_and_others_hear_what_follows(engine: tuple[str, Path]) -> None:
    name, folder = engine
    first, second = (clip.pcm for clip in CLIPS[name])

    async def run() -> None:
        async with hosting(name, folder) as host, listening(host) as (recognizer, ear):
            await answer(recognizer, list(requests(1, 0, first)))
            hung = workers()
            hung[0].suspend()
            for request in requests(2, samples(9000), second):
                recognizer.send(request)
            async with asyncio.timeout(2 * HUNG_S):
                await recognizer.idle()
            assert ear.lost_until
            assert [worker.is_running() for worker in hung] == [False, True]
            await answer(recognizer, list(requests(3, samples(30_000), second)))
            assert KEYWORDS[name][1] in " ".join(word.text for word in ear.final(3).words or ())

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
        recognizer = Recognizers(
            RecognizerHost("moonshine", english_model, warm=False), Ears(ear.hear, ear.lose, ear.drop)
        )
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
            await RecognizerHost("vosk", tmp_path, warm=False).start()
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
            await RecognizerHost("moonshine", damaged, warm=False).start()
        assert "undertone model verify" in caught.value.mend

    asyncio.run(run())


def test_nobody_waits_for_a_recognizer_that_can_never_start(tmp_path: Path) -> None:
    async def run() -> Ear:
        host = RecognizerHost("vosk", tmp_path, warm=False)
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
