"""A sound card as the line, on the rig (`tests.adapters.sound_rig`): positions, processor time, recovery.

The hour is simulated: blocks of a card whose clock is off, each late by chance, go through what the device does with
them. On the rig nothing is: PortAudio, a process of its own, the pipe.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import psutil

from appliance.adapters.capture import Capture
from appliance.adapters.line import LineCall
from appliance.adapters.recording import Recording
from appliance.adapters.sound_card import SoundCard
from appliance.adapters.sound_card_audio import LineAudio
from appliance.adapters.sound_card_capture import BLOCK_MS
from appliance.adapters.sound_card_process import Block, blocks_of_all
from appliance.events import SAMPLE_RATE_HZ
from appliance.sound_card_settings import DEFAULT_SIDES, SoundCardSettings
from appliance.speech.frames import Frame
from tests.adapters.sound_rig import SoundRig, sound_rig
from tests.bench.bench_recognition import ENGLISH
from tests.bench.options import SkippedError, say
from tests.bench.rows import Row, row

CLICK_EVERY: Final = SAMPLE_RATE_HZ // 4
LISTEN_S: Final = 10.0
CPU_S: Final = 20.0
SETTLED_S: Final = 5.0
HOUR_S: Final = 3_600
DRIFT_PPM: Final = 120.0
LATE_S: Final = 0.02
CARD_RATE_HZ: Final = 48_000


def rows() -> list[Row]:
    """Measure all of it."""
    if not shutil.which("pulseaudio"):
        raise SkippedError("there is no sound server", mend="apt-get install pulseaudio libasound2-plugins")
    return [*_hour_rows(), *asyncio.run(_rig_rows())]


def _hour_rows() -> Iterator[Row]:
    say(f"an hour of a card that is {DRIFT_PPM:.0f} ppm slow")
    audio, random = LineAudio(1, DEFAULT_SIDES, SAMPLE_RATE_HZ), np.random.default_rng(0)
    length = SAMPLE_RATE_HZ * BLOCK_MS // 1000
    moved, heard = 0, 0
    pcm = np.ones((length, len(DEFAULT_SIDES)), "<i2").tobytes()
    for number in range(HOUR_S * 1000 // BLOCK_MS):
        at_s = (number + 1) * BLOCK_MS / 1000 * (1 + DRIFT_PPM / 1e6) + random.uniform(0, LATE_S)
        for step in audio.steps(0, Block(at_s, pcm, number == 0)):
            frame = step[0]
            moved = max(moved, abs(frame.sample - heard)) if isinstance(frame, Frame) else moved
            heard += len(frame.pcm) // 2 if isinstance(frame, Frame) else 0
    yield row("line.card.positions_moved_in_an_hour", 1000 * moved / SAMPLE_RATE_HZ, "ms", bar="value <= 0")


async def _rig_rows() -> list[Row]:
    folder = Path(tempfile.mkdtemp(prefix="rig", dir="/tmp"))
    raw = folder / "clicks.raw"
    clicks = np.zeros((round(LISTEN_S * 2) * SAMPLE_RATE_HZ, 2), "<i2")
    clicks[CLICK_EVERY // 2 :: CLICK_EVERY] = 20_000
    raw.write_bytes(clicks.tobytes())
    call = folder / "call.wav"
    _write_call(call)
    with sound_rig(folder, raw) as rig:
        os.environ |= {name: rig.environment[name] for name in ("ALSA_CONFIG_PATH", "PULSE_SERVER")}
        found = [await _positions_row(), await _cpu_row(rig, call), *await _recovery_rows(rig, call)]
    shutil.rmtree(folder)
    return found


def _write_call(file: Path) -> None:
    """Write a call whose line is never quite silent, as loud as a tap is."""
    with wave.open(str(file), "wb") as out:
        out.setparams((2, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        noise = np.random.default_rng(0)
        for step in Recording(ENGLISH[0]).frames():
            sides = np.stack([np.frombuffer(frame.pcm, "<i2") for frame in step], axis=1)
            out.writeframes((sides + noise.normal(0, 25, sides.shape)).clip(-32768, 32767).astype("<i2").tobytes())


async def _positions_row() -> Row:
    say("clicks at known samples")
    audio, off = LineAudio(1, DEFAULT_SIDES, SAMPLE_RATE_HZ), list[int]()
    stream = blocks_of_all(("deskfile",), len(DEFAULT_SIDES), SAMPLE_RATE_HZ, Capture())
    async with contextlib.aclosing(stream):
        async for card, block in stream:
            for step in audio.steps(card, block) if isinstance(block, Block) else ():
                for frame in step:
                    if isinstance(frame, Frame):
                        at = frame.sample + np.flatnonzero(np.frombuffer(frame.pcm, "<i2") > 10_000)
                        off += [abs(int(each) - CLICK_EVERY // 2) % CLICK_EVERY for each in at]
            if len(off) >= 2 * LISTEN_S * SAMPLE_RATE_HZ / CLICK_EVERY:
                break
    farthest = max(min(each, CLICK_EVERY - each) for each in off)
    return row("line.card.positions_off", 1000 * farthest / SAMPLE_RATE_HZ, f"ms, {len(off)} clicks", bar="value <= 40")


class _Listener:
    """Takes the calls of the card, and throws them away."""

    def __init__(self, rate_hz: int) -> None:
        self._line = SoundCard(SoundCardSettings(("deskphone",), rate_hz=rate_hz))
        self.is_lost = False
        self.heard_s = 0.0

    async def run(self) -> None:
        async with contextlib.aclosing(self._line.calls(self._take)) as calls, asyncio.TaskGroup() as group:
            async for call in calls:
                group.create_task(self._listen(call))

    def _take(self, troubles: tuple[object, ...]) -> None:
        self.is_lost = any(getattr(trouble, "fault", "") == "line_lost" for trouble in troubles)

    async def _listen(self, call: LineCall) -> None:
        async for _ in call.steps:
            self.heard_s = time.monotonic()


@contextlib.asynccontextmanager
async def _listening(rate_hz: int) -> AsyncIterator[_Listener]:
    listener = _Listener(rate_hz)
    task = asyncio.create_task(listener.run())
    try:
        await _until(lambda: listener.heard_s > 0)
        yield listener
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def _cpu_row(rig: SoundRig, call: Path) -> Row:
    say(f"a call at {CARD_RATE_HZ} Hz")
    rig.play(call)
    async with _listening(CARD_RATE_HZ):
        await asyncio.sleep(SETTLED_S)
        processes = (psutil.Process(), _capture())
        before, began_s = [sum(each.cpu_times()[:2]) for each in processes], time.monotonic()
        await asyncio.sleep(CPU_S)
        spent = [sum(each.cpu_times()[:2]) - was for each, was in zip(processes, before, strict=True)]
        share = [100 * each / (time.monotonic() - began_s) for each in spent]
    unit = f"% of one core per call, {share[1]:.1f} of it the process at the card"
    return row("line.card.cpu", sum(share), unit, bar="value <= 2")


async def _recovery_rows(rig: SoundRig, call: Path) -> list[Row]:
    say("the reading process killed, then the card unplugged")
    async with _listening(SAMPLE_RATE_HZ) as listener:
        _capture().kill()
        began_s = time.monotonic()
        await _until(lambda: listener.is_lost)
        await _until(lambda: not listener.is_lost)
        killed_s = time.monotonic() - began_s
        await asyncio.to_thread(rig.unplug)
        await _until(lambda: listener.is_lost)
        await asyncio.to_thread(rig.plug)
        began_s = time.monotonic()
        rig.play(call)
        await _until(lambda: not listener.is_lost)
        plugged_s = time.monotonic() - began_s
    return [
        row("line.card.back_after_the_process_died", killed_s, "s", bar="value <= 5"),
        row("line.card.back_after_the_card_was_plugged_in", plugged_s, "s", bar="value <= 5"),
    ]


def _capture() -> psutil.Process:
    children = psutil.Process().children(recursive=True)
    return next(each for each in children if "appliance.adapters.sound_card_capture" in each.cmdline())


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.02)
