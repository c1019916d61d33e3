"""One call on real parts, driven as the device and `replay` drive it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from appliance.adapters.line import LineCall, Step
from appliance.adapters.recognizers import RecognizerHost
from appliance.adapters.recording import unpaced
from appliance.call import Call
from appliance.ears import Ears
from appliance.escalation.rules import RulePack
from appliance.events import BandMeasured, CallEnded, CallStarted, Event, Gap, StressMeasured, TalkMeasured, Utterance
from appliance.session import CallSession, Output, Partial
from appliance.speech.endpointer import EndpointerSettings
from appliance.speech.frames import FRAME_SAMPLES, Frame, Side
from appliance.speech.recognizer import Request

from .adapters.clips import Clip, workers

SIDES: tuple[Side, ...] = ("caller",)
RULES = RulePack("none", "0", "ko", (), ())
STARTED = CallStarted(
    who="both", start_sample=0, end_sample=0, line="test", language="ko", band="wide", engine="", model="", rules="none"
)
SPOKEN = Clip("billing_ko_16k", "caller", 54.0, 58.0)


def steps(clip: Clip, silence_s: float = 1.0) -> Iterator[tuple[Frame, ...]]:
    """Give a clip and the silence behind it as a line."""
    pcm = clip.pcm + bytes(2 * round(16_000 * silence_s))
    for at in range(0, len(pcm) - 2 * FRAME_SAMPLES + 1, 2 * FRAME_SAMPLES):
        yield (Frame("caller", at // 2, pcm[at : at + 2 * FRAME_SAMPLES]),)


def position(step: Step) -> int:
    (frame,) = step
    assert isinstance(frame, Frame)
    return frame.sample


def new_call(host: RecognizerHost | None, line: LineCall, sink: Callable[[list[Output]], None]) -> Call:
    ears = Ears("a model" if host else "", EndpointerSettings())
    session = CallSession(SIDES, RULES, {"narrow": ears, "wide": ears}, STARTED)
    return Call(session, line, {"narrow": host, "wide": host}, sink)


def run(host: RecognizerHost | None, line: Callable[[Call], AsyncIterator[Step]]) -> list[Output]:
    """Run a call and give all that it says."""
    outputs: list[Output] = []

    async def whole() -> None:
        if host:
            await host.start()
        try:
            line_call = LineCall(SIDES, "wide", unpaced(steps(SPOKEN)), lockstep=True)
            call = new_call(host, line_call, outputs.extend)
            line_call.steps = line(call)
            await call.run()
        finally:
            if host:
                await host.stop()

    asyncio.run(whole())
    return outputs


def events(outputs: list[Output]) -> list[Event]:
    return [output for output in outputs if isinstance(output, Event)]


def test_without_a_recognizer_a_call_begins_and_ends_and_asks_nobody() -> None:
    outputs = run(None, lambda _: unpaced(steps(SPOKEN)))
    told = [type(output) for output in outputs if not isinstance(output, StressMeasured | TalkMeasured)]
    assert told == [CallStarted, BandMeasured, CallEnded]


def test_what_is_said_comes_as_partial_words_and_then_for_good_and_no_request_leaks(korean_model: Path) -> None:
    outputs = run(RecognizerHost("vosk", korean_model, warm=False), lambda _: unpaced(steps(SPOKEN)))
    assert not [output for output in outputs if isinstance(output, Request)]
    kinds = [type(output) for output in outputs]
    assert kinds[0] is CallStarted
    assert kinds[-1] is CallEnded
    assert kinds.index(Partial) < kinds.index(Utterance)
    first = next(output for output in outputs if isinstance(output, Utterance))
    assert "책임자" in first.text


def test_a_worker_that_dies_between_two_frames_leaves_a_gap_and_the_call_goes_on(korean_model: Path) -> None:
    async def deadly(call: Call) -> AsyncIterator[Step]:
        async for step in unpaced(steps(SPOKEN)):
            if position(step) == 1.6 * 16_000:
                for worker in workers():
                    worker.kill()
            yield step
        assert call.session.is_settled

    outputs = run(RecognizerHost("vosk", korean_model, warm=False), deadly)
    (gap,) = [event for event in events(outputs) if isinstance(event, Gap)]
    assert (gap.who, gap.reason) == ("caller", "recognizer_lost")
    assert gap.end_sample <= 1.8 * 16_000
    assert isinstance(events(outputs)[-1], CallEnded)
    assert any(isinstance(event, Utterance) and event.start_sample >= gap.end_sample for event in events(outputs))


def test_a_call_that_is_stopped_ends_at_the_next_frame_and_says_why() -> None:
    async def stopped(call: Call) -> AsyncIterator[Step]:
        async for step in unpaced(steps(SPOKEN)):
            if position(step) == 16_000:
                call.stop()
            yield step

    ended = events(run(None, stopped))[-1]
    assert ended == CallEnded(who="both", start_sample=16_000, end_sample=16_000, reason="stopped")


def test_what_breaks_in_the_line_is_the_error_of_the_call() -> None:
    async def broken(_: Call) -> AsyncIterator[Step]:
        yield next(steps(SPOKEN))
        raise OSError("the line is gone")

    with pytest.raises(OSError, match="the line is gone"):
        run(None, broken)


def test_the_moment_at_which_audio_arrived_is_remembered() -> None:
    moments: list[tuple[float, float]] = []

    async def slow(call: Call) -> AsyncIterator[Step]:
        for number, step in enumerate(steps(SPOKEN)):
            if number == 20:
                moments.extend((call.heard_at_s(n * FRAME_SAMPLES), call.heard_at_s(0)) for n in (1, 10, 20))
                return
            await asyncio.sleep(0.01)
            yield step

    before = time.monotonic()
    run(None, slow)
    arrived = [moment for moment, _ in moments]
    assert arrived == sorted(arrived)
    assert arrived[1] - arrived[0] >= 9 * 0.01
    assert arrived[2] - arrived[1] >= 10 * 0.01
    assert all(before <= moment <= time.monotonic() for moment in arrived)
