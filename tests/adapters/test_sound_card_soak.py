"""A sound card that is unplugged each minute, on the rig: twenty minutes, or `UNDERTONE_SOAK_MINUTES`."""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
import wave
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest

from appliance.adapters.line import LineCall, Trouble
from appliance.adapters.sound_card import SoundCard
from appliance.sound_card_settings import SoundCardSettings
from appliance.speech.frames import FRAME_SAMPLES, Frame, Lost
from tests.telephony.scripted_day import voices_of

from .sound_rig import RATE_HZ, SoundRig, sound_rig

MINUTES = int(os.environ.get("UNDERTONE_SOAK_MINUTES", "20"))
AWAY_S = 3.0
BACK_WITHIN_S = 5.0
MOST_BESIDES = 0.01
"""Of each side: what a machine with a dozen other things to do has cost."""
MOST_GROWTH_BYTES = 20 * 1024**2


class Listener:
    """Takes every call of the line, and notes what each side of them was given."""

    def __init__(self) -> None:
        self.line = SoundCard(SoundCardSettings(("deskphone",), rate_hz=RATE_HZ))
        self.troubles: tuple[Trouble, ...] = ()
        self.lost: list[Lost] = []
        self.until = dict[tuple[int, str], int]()
        self.calls = 0
        self.heard_s = 0.0

    async def run(self) -> None:
        async with contextlib.aclosing(self.line.calls(self._take_troubles)) as calls, asyncio.TaskGroup() as group:
            async for call in calls:
                self.calls += 1
                group.create_task(self._listen(self.calls, call))

    def _take_troubles(self, troubles: tuple[Trouble, ...]) -> None:
        self.troubles = troubles

    async def _listen(self, number: int, call: LineCall) -> None:
        async for step in call.steps:
            self.heard_s = time.monotonic()
            for piece in step:
                if isinstance(piece, Frame):
                    self._follow(number, piece.side, piece.sample, piece.sample + FRAME_SAMPLES)
                elif isinstance(piece, Lost):
                    self.lost.append(piece)
                    self._follow(number, piece.side, piece.start_sample, piece.end_sample)

    def _follow(self, number: int, side: str, start: int, end: int) -> None:
        assert start == self.until.get((number, side), 0)
        self.until[number, side] = end

    def has_lost_more(self, than: int) -> bool:
        return len(self.lost) > than

    @property
    def is_lost(self) -> bool:
        return any(trouble.fault == "line_lost" for trouble in self.troubles)


async def until(holds: Callable[[], bool], within_s: float) -> float:
    """Give how long it took; fails when it takes longer."""
    began_s = time.monotonic()
    while not holds():
        assert time.monotonic() - began_s < within_s
        await asyncio.sleep(0.02)
    return time.monotonic() - began_s


def captures() -> int:
    """Give how many processes read the card; what played into the rig may be dead by now."""
    living = [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
    return sum("appliance.adapters.sound_card_capture" in each.cmdline() for each in living)


def call_file(folder: Path) -> Path:
    """Give two minutes of people who talk: noise alone is no call for ever."""
    path, voices = folder / "call.wav", np.resize(voices_of("billing_dispute"), (120 * RATE_HZ, 2))
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE_HZ, 0, "NONE", ""))
        heard = voices + np.random.default_rng(1).normal(0, 25, voices.shape)
        file.writeframes(np.rint(heard).clip(-32768, 32767).astype("<i2").tobytes())
    return path


async def soaked(rig: SoundRig, call: Path) -> list[float]:
    """Unplug the card each minute, and give how long the line took to come back each time."""
    listener, took_s, began_bytes = Listener(), [], 0
    listening = asyncio.create_task(listener.run())
    rig.play(call)
    for minute in range(MINUTES):
        await until(lambda: time.monotonic() - listener.heard_s < 0.5, 30)
        await asyncio.sleep(60 - AWAY_S - BACK_WITHIN_S)
        calls, lost = listener.calls, len(listener.lost)
        await asyncio.to_thread(rig.unplug)
        await until(lambda: listener.is_lost, BACK_WITHIN_S)
        await asyncio.sleep(AWAY_S)
        await asyncio.to_thread(rig.plug)
        rig.play(call)
        took_s.append(await until(lambda: not listener.is_lost, BACK_WITHIN_S))
        await until(partial(listener.has_lost_more, lost), BACK_WITHIN_S)
        assert listener.calls == calls
        assert captures() == 1
        began_bytes = began_bytes if minute else psutil.Process().memory_info().rss
    assert psutil.Process().memory_info().rss < began_bytes + MOST_GROWTH_BYTES
    # Each of the two sides has had its hole each time; a busy machine may lose a little besides, and must say so.
    holes = [lost for lost in listener.lost if lost.end_sample - lost.start_sample > AWAY_S * RATE_HZ]
    assert len(holes) == 2 * MINUTES
    assert all(hole.reason == "line_lost" for hole in holes)
    besides_s = sum(lost.end_sample - lost.start_sample for lost in listener.lost if lost not in holes) / RATE_HZ
    assert besides_s < 2 * MOST_BESIDES * 60 * MINUTES, listener.lost
    listening.cancel()
    await asyncio.wait((listening,))
    return took_s


@pytest.mark.soak
@pytest.mark.timeout(60 * MINUTES + 120)
def test_a_card_that_is_unplugged_each_minute_always_comes_back_and_every_hole_is_declared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="rig", dir="/tmp"))  # the path of a socket must be short
    with sound_rig(folder) as rig:
        for name in ("ALSA_CONFIG_PATH", "PULSE_SERVER"):
            monkeypatch.setenv(name, rig.environment[name])
        took_s = asyncio.run(soaked(rig, call_file(folder)))
    shutil.rmtree(folder)
    assert len(took_s) == MINUTES
