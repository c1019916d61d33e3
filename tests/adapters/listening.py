"""Recognizers in their real processes, and what they say to the call."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from appliance.adapters.recognizer_worker import Ears
from appliance.adapters.recognizers import RecognizerHost, Recognizers
from appliance.speech.frames import Side
from appliance.speech.recognizer import Hypothesis, Request

from .clips import Clip

PATIENCE_S = 60.0
"""Nothing here takes so long, however busy the machine: whoever waits longer hangs."""

CLIPS = {
    "vosk": (Clip("billing_ko_16k", "caller", 54.7, 57.1), Clip("billing_ko_16k", "agent", 12.9, 14.7)),
    "moonshine": (Clip("billing_dispute", "caller", 70.4, 72.6), Clip("billing_dispute", "agent", 18.3, 19.9)),
}

KEYWORDS = {"vosk": ("책임자", "죄송"), "moonshine": ("supervisor", "account"), "scripted": ("first", "second")}


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
    host = RecognizerHost(engine, folder, warm=False)
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
