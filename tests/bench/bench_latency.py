"""How long people wait: for the words at the server, for the final hypothesis, for the light. All in real time."""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from appliance.adapters.recognizer_worker import Ears
from appliance.adapters.recognizers import RecognizerHost, Recognizers
from appliance.adapters.recording import Recording, paced
from appliance.adapters.vad import VoiceDetector
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.endpointer import EndpointerSettings
from appliance.speech.frames import Side
from appliance.speech.hold import Held
from appliance.speech.listener import Listener
from appliance.speech.recognizer import EndUtterance, Hypothesis
from tests.bench import device, hearing
from tests.bench.bench_recognition import ENGLISH, KOREAN
from tests.bench.live_feed import Central, Seen, central, events_of_a_call
from tests.bench.options import Options, SkippedError, say
from tests.bench.processes import Usage
from tests.bench.rows import Row, row

CLOUD: Final = "published cloud figures"
CLOUD_P50_MS: Final = 247.0
CLOUD_P95_MS: Final = 298.0

FINAL_BAR: Final = "value <= 500"
LIGHT_BAR: Final = "value <= 400"
DECISION_BAR: Final = "value <= 100 and ratio <= 1"

APART_SAMPLES: Final = 2 * SAMPLE_RATE_HZ
"""Between where a phrase is in partial and in final words; one that is further away was said another time."""

DELIVERY_TIMEOUT_S: Final = 10.0
"""After the device has ended, everything it committed has to be at the server."""


def rows(options: Options) -> list[Row]:
    """Measure a whole call through device and server, then the two engines on like cuts."""
    engine = hearing.choose(KOREAN, "ko", "vosk")
    calls = [_run_call(number, options.repeats) for number in range(1, options.repeats + 1)]
    return [*_call_rows([call for call, _ in calls]), *_cost_rows([use for _, use in calls]), *_decision_rows(engine)]


def light_waits_ms(call: list[Seen]) -> Iterator[float]:
    """Give for each alert the time from the end of its phrase, by the final words' times, to the light."""
    hits = [seen for seen in call if seen.event["type"] == "phrase"]
    for seen in call:
        if seen.event["type"] != "alert" or seen.shown_s is None:
            continue
        last = seen.event["evidence"][-1]
        named = [hit for hit in hits if (hit.event["who"], hit.event["phrase"]) == (last["who"], last["phrase"])]
        hit = min(named, key=lambda each: abs(each.event["start_sample"] - last["start_sample"]), default=None)
        if hit is None or abs(hit.event["start_sample"] - last["start_sample"]) > APART_SAMPLES:
            continue  # withdrawn: the final words did not hold the phrase
        assert hit.heard_s is not None, "a phrase has been heard"
        yield (seen.shown_s - hit.heard_s) * 1000


def p(percent: int, values: Sequence[float]) -> float:
    """Give a percentile."""
    return float(np.percentile(values, percent))


def _run_call(number: int, repeats: int) -> tuple[list[Seen], Usage]:
    say(f"{KOREAN.name} in real time, {number} of {repeats}: device and server")
    with tempfile.TemporaryDirectory() as folder, central() as server:
        return asyncio.run(_watch(Path(folder), server))


async def _watch(folder: Path, server: Central) -> tuple[list[Seen], Usage]:
    reading = asyncio.create_task(events_of_a_call(server))
    used = await asyncio.to_thread(_run_device, folder, server)
    return await asyncio.wait_for(reading, DELIVERY_TIMEOUT_S), used


def _run_device(folder: Path, server: Central) -> Usage:
    settings = device.write_settings(folder, KOREAN, language="ko", engine="vosk", pace="real", central=server.settings)
    return device.start(settings).finish()


def _call_rows(calls: Sequence[list[Seen]]) -> Iterator[Row]:
    finals = [wait for call in calls for wait in _final_waits_ms(call)]
    yield row("latency.speech_end_to_stored.p50", p(50, finals), "ms", peer=CLOUD, peer_value=CLOUD_P50_MS)
    p95 = p(95, finals)
    yield row("latency.speech_end_to_stored.p95", p95, "ms", peer=CLOUD, peer_value=CLOUD_P95_MS, bar=FINAL_BAR)
    lights = [wait for call in calls for wait in light_waits_ms(call)]
    yield row("latency.phrase_end_to_light.p50", p(50, lights), "ms")
    yield row("latency.phrase_end_to_light.p95", p(95, lights), "ms", bar=LIGHT_BAR)


def _final_waits_ms(call: list[Seen]) -> Iterator[float]:
    """Give for each utterance the time from its last voiced frame to the moment when its final words were stored."""
    for seen in call:
        if seen.event["type"] == "utterance" and seen.heard_s is not None:
            yield (seen.seen_s - seen.heard_s) * 1000


def _cost_rows(used: Sequence[Usage]) -> Iterator[Row]:
    """For information: pacing, uplink and status messages cost CPU that `recognition` does not see."""
    yield row("latency.device_in_real_time.cpu", min(use.run_cpu_s for use in used), "CPU s")


def _decision_rows(vosk: hearing.Engine) -> Iterator[Row]:
    """From the endpointer's decision to the final hypothesis; both engines get the same settings of the endpointer."""
    ours = _decision_waits_ms(vosk, KOREAN)
    try:
        theirs = _decision_waits_ms(hearing.choose(ENGLISH[0], "en", "moonshine"), ENGLISH[0])
    except SkippedError as why:
        say(f"Moonshine skipped: {why}; {why.mend}")
        theirs = []
    for percent, bar in ((50, ""), (95, DECISION_BAR)):
        peer_value = p(percent, theirs) if theirs else None
        name = f"latency.decision_to_final.p{percent}"
        yield row(name, p(percent, ours), "ms", peer="Moonshine", peer_value=peer_value, bar=bar)


def _decision_waits_ms(engine: hearing.Engine, recording: Path) -> list[float]:
    say(f"{recording.name} in real time: {engine.name} alone")
    return asyncio.run(_Decisions(RecognizerHost(engine.name, engine.folder)).run(Recording(recording)))


class _Decisions:
    """The device's front and recognizers on one call, with a stop-watch between them."""

    def __init__(self, host: RecognizerHost) -> None:
        self._host = host
        self._decided_s: dict[tuple[Side, int], float] = {}
        self._waits_ms: list[float] = []

    async def run(self, line: Recording) -> list[float]:
        await self._host.start()
        recognizers = Recognizers(self._host, Ears(self._receive, _say_lost, _say_behind))
        running = asyncio.create_task(recognizers.run())
        listeners = {side: Listener(side, EndpointerSettings()) for side in line.sides}
        detectors = {side: VoiceDetector() for side in line.sides}
        async for step in paced(line.frames()):
            for frame in step:
                voiced = detectors[frame.side].is_voiced(frame)
                for request in listeners[frame.side].receive_frame(frame, voiced=voiced):
                    if isinstance(request, EndUtterance):
                        self._decided_s[frame.side, request.utterance] = time.perf_counter()
                    if not isinstance(request, Held):
                        recognizers.send(request)
        await recognizers.idle()
        running.cancel()
        await self._host.stop()
        return self._waits_ms

    def _receive(self, side: Side, hypothesis: Hypothesis) -> None:
        if hypothesis.final:
            self._waits_ms.append((time.perf_counter() - self._decided_s[side, hypothesis.utterance]) * 1000)


def _say_lost(side: Side, until: int) -> None:
    say(f"the recognizer of {side} was lost at sample {until}")


def _say_behind(side: Side, start: int, _end: int) -> None:
    say(f"recognition of {side} fell behind at sample {start}")
