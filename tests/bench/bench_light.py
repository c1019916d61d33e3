"""How soon the light tells of a phrase, and what the light itself costs of it. All in real time.

A caller of the shipped Korean call says two urgent phrases, again and again, faster and slower and with that higher and
lower, until each repeat has `TIMES` of both. The rules are those that ship, but for their alerts, which are over at
once, so that the same phrase raises the next one.
"""

import asyncio
import os
import tempfile
import time
import wave
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from appliance.adapters.light import LinesLight
from appliance.indicator.patterns import LightState, pattern
from tests.bench import device, hearing
from tests.bench.bench_latency import LIGHT_BAR, light_waits_ms, p
from tests.bench.bench_recognition import KOREAN
from tests.bench.live_feed import Seen, central, events_of_a_call
from tests.bench.options import Options, say
from tests.bench.rows import Row, row

START_S, END_S = 54.5, 59.3
"""Where the caller asks for the supervisor, and then says that the contract ends."""

TIMES: Final = 19
"""In each repeat; with three of them 114 phrases: more than a hundred also when one in ten is not understood."""

SLOWEST, FASTEST = 0.9, 1.1
"""Beyond these the phrases of the synthetic voice are not understood any more."""

EVERY_S: Final = 12.0
"""From one to the next: people do not shout the same all the time, and looks ahead have to be earned."""

DELIVERY_TIMEOUT_S: Final = 10.0
CHANGES: Final = 200

PHRASES_BAR: Final = "value >= 100"
BYTES_BAR: Final = "value <= 10"


def rows(options: Options) -> list[Row]:
    """Measure phrases through the device, then the light alone."""
    hearing.choose(KOREAN, "ko", "vosk")  # or say that there is no model
    speeds = np.linspace(SLOWEST, FASTEST, TIMES * options.repeats).reshape(TIMES, options.repeats).T
    waits: list[float] = []
    for number, each in enumerate(speeds, 1):
        say(f"{2 * TIMES} phrases in real time, {number} of {options.repeats}: device and server")
        with tempfile.TemporaryDirectory() as folder:
            waits += light_waits_ms(asyncio.run(_watch(Path(folder), list(each))))
    shown = _shown_after_ms()
    return [
        row("light.phrases", len(waits), "alerts", bar=PHRASES_BAR),
        row("light.phrase_end_to_light.p50", p(50, waits), "ms"),
        row("light.phrase_end_to_light.p95", p(95, waits), "ms", bar=LIGHT_BAR),
        row("light.state_to_bytes.p95", p(95, shown), "ms", bar=BYTES_BAR),
    ]


async def _watch(folder: Path, speeds: list[float]) -> list[Seen]:
    recording, rules = folder / "phrases.wav", folder / "rules.toml"
    write_phrases(recording, speeds)
    rules.write_text(_forgetful_rules(), "utf-8")
    with central() as server:
        tables = f'[rules]\nfile = "{rules}"\n{server.settings}'
        settings = device.write_settings(folder, recording, language="ko", engine="vosk", pace="real", central=tables)
        reading = asyncio.create_task(events_of_a_call(server))
        await asyncio.to_thread(lambda: device.start(settings).finish())
        return await asyncio.wait_for(reading, DELIVERY_TIMEOUT_S)


def write_phrases(target: Path, speeds: list[float]) -> None:
    """Write a call in which the agent is silent and the caller says the phrases at each of these speeds."""
    with wave.open(str(KOREAN)) as call:
        rate_hz = call.getframerate()
        audio = np.frombuffer(call.readframes(call.getnframes()), "<i2").reshape(-1, 2)
    said = audio[round(START_S * rate_hz) : round(END_S * rate_hz), 1].astype(np.float32)
    each = round(EVERY_S * rate_hz)
    caller = np.concatenate([_padded(soxr.resample(said, rate_hz * speed, rate_hz), each) for speed in speeds])
    with wave.open(str(target), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(np.stack((np.zeros_like(caller), caller), axis=1).tobytes())


def _padded(said: NDArray[np.float32], length: int) -> NDArray[np.int16]:
    return np.pad(np.clip(said, -32768, 32767).astype("<i2"), (0, length - len(said)))


def _forgetful_rules() -> str:
    shipped = (resources.files("appliance") / "rules" / "ko.toml").read_text("utf-8")
    return shipped.replace("latch = true", "off_delay_s = 1")


def _shown_after_ms() -> list[float]:
    """Give the time from each of many changed states to its bytes at the other end of a pipe."""
    waits = []
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as bytes_of, os.fdopen(writer, "w", encoding="utf-8") as stream:
        light = LinesLight(stream)
        for number in range(CHANGES):
            began_s = time.perf_counter()
            light.show(pattern(LightState("urgent", blinking=True, reason=f"Reason {number}", in_call=True)))
            bytes_of.readline()
            waits.append((time.perf_counter() - began_s) * 1000)
    return waits
