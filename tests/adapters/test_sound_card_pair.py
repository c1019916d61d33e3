"""Two mono cards with clocks of their own as one line, on the rig."""

import asyncio
import contextlib
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from appliance.adapters.capture import Capture
from appliance.adapters.sound_card_audio import LineAudio
from appliance.adapters.sound_card_process import Block, blocks_of_all
from appliance.speech.frames import Frame, Side

from .sound_rig import MONO, RATE_HZ, SoundRig, sound_rig

CLICK_EVERY_S = 0.5
FASTER_PPM = {"monoleft": 300.0, "monoright": -400.0}
SIDES: tuple[Side, ...] = ("agent", "caller")


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundRig]:
    folder = Path(tempfile.mkdtemp(prefix="rig", dir="/tmp"))  # the path of a socket must be short
    with sound_rig(folder) as running:
        for name in ("ALSA_CONFIG_PATH", "PULSE_SERVER"):
            monkeypatch.setenv(name, running.environment[name])
        yield running
    shutil.rmtree(folder)


def clicks(seconds: float, faster_ppm: float) -> bytes:
    """Give the sound of a card that hears a click each half a second, in its own samples."""
    signal = np.zeros(round(seconds * RATE_HZ * 1.001), "<i2")
    at = np.arange(CLICK_EVERY_S, seconds, CLICK_EVERY_S) * RATE_HZ * (1 + faster_ppm / 1e6)
    for width in range(8):
        signal[np.rint(at).astype(int) + width] = 20_000
    return signal.tobytes()


async def heard(seconds: float) -> dict[Side, list[int]]:
    """Listen to both cards, and give where clicks lie on each side."""
    found: dict[Side, list[int]] = {side: [] for side in SIDES}
    audio = LineAudio(2, SIDES, RATE_HZ)
    until_s = time.monotonic() + seconds
    async with contextlib.aclosing(blocks_of_all(MONO, 1, RATE_HZ, Capture())) as stream:
        async for card, block in stream:
            for step in audio.steps(card, block) if isinstance(block, Block) else ():
                for frame in step:
                    if isinstance(frame, Frame):
                        signal = np.frombuffer(frame.pcm, "<i2")
                        found[frame.side] += [frame.sample + int(signal.argmax())] if signal.max() > 10_000 else []
            if time.monotonic() > until_s:
                return found
    raise AssertionError


def apart(rig: SoundRig, seconds: float) -> list[int]:
    """Give by how much each click on one side is off the nearest on the other, in samples, after the first second."""
    until, zero_s = threading.Event(), time.monotonic()
    feeding = [
        rig.feed(name, clicks(seconds + 20, FASTER_PPM[name]), faster_ppm=FASTER_PPM[name], zero_s=zero_s, until=until)
        for name in MONO
    ]
    try:
        found = asyncio.run(asyncio.wait_for(heard(seconds), seconds + 60))
    finally:
        until.set()
        for thread in feeding:
            thread.join(10)
    far = np.array(found["caller"])
    return [int(np.abs(far - at).min()) for at in found["agent"] if far[0] < at < far[-1] and at > 2 * RATE_HZ]


def test_what_two_cards_hear_at_once_lies_at_one_position(rig: SoundRig) -> None:
    off = apart(rig, 5)
    assert len(off) >= 3
    assert np.median(off) < 0.04 * RATE_HZ


@pytest.mark.soak
def test_after_three_minutes_it_still_does_though_one_card_is_a_quarter_of_a_click_ahead(rig: SoundRig) -> None:
    off = apart(rig, 200)
    assert len(off) >= 350
    assert max(np.median(off[-50:]), np.median(off[:50])) < 0.04 * RATE_HZ
