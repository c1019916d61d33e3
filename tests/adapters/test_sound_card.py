"""The sound card as PyAudio hears it, on the rig."""

import asyncio
import io
import os
import shutil
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from appliance.adapters.line import LineCall, Step, Trouble
from appliance.adapters.sound_card import SoundCard
from appliance.cli.line import check, list_cards, record
from appliance.sound_card_settings import SoundCardSettings
from appliance.speech.frames import FRAME_SAMPLES, Frame, Lost, Withheld

from .sound_rig import RATE_HZ, SoundRig, sound_rig

LEAD_S = 2.0
CALL_S = 2.0
CLICK_EVERY = RATE_HZ // 4


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundRig]:
    """Plug in a card that plays a line: on hook, then a call with a click each quarter of a second, then on hook."""
    folder = Path(tempfile.mkdtemp(prefix="rig", dir="/tmp"))  # the path of a socket must be short
    raw = folder / "line.raw"
    random = np.random.default_rng(5)
    rest = random.normal(0, 2, (round(LEAD_S * RATE_HZ), 2))
    call = random.normal(0, 40, (round(CALL_S * RATE_HZ), 2))
    call[CLICK_EVERY // 2 :: CLICK_EVERY, 1] = 20_000
    raw.write_bytes(np.rint(np.concatenate((rest, call, rest))).astype("<i2").tobytes())
    with sound_rig(folder, raw) as running:
        for name in ("ALSA_CONFIG_PATH", "PULSE_SERVER"):
            monkeypatch.setenv(name, running.environment[name])
        yield running
    shutil.rmtree(folder)


def captures() -> list[psutil.Process]:
    children = psutil.Process(os.getpid()).children(recursive=True)
    return [child for child in children if "appliance.adapters.sound_card_capture" in child.cmdline()]


class Heard:
    """Listens to the card until its first call has ended, or something else has come about."""

    def __init__(self, card: str) -> None:
        self.line = SoundCard(SoundCardSettings((card,), rate_hz=RATE_HZ))
        self.troubles: list[tuple[Trouble, ...]] = []
        self.steps: list[Step] = []
        self.call: LineCall | None = None

    async def first_call(self) -> None:
        calls = self.line.calls(self.troubles.append)
        self.call = await anext(calls)
        going_on = asyncio.ensure_future(anext(calls))
        async for step in self.call.steps:
            self.steps.append(step)
        going_on.cancel()
        await asyncio.wait((going_on,))

    def frames(self, side: str) -> list[Frame]:
        return [piece for step in self.steps for piece in step if isinstance(piece, Frame) and piece.side == side]

    def lost(self) -> list[Lost]:
        return [piece for step in self.steps for piece in step if isinstance(piece, Lost)]


@pytest.mark.usefixtures("rig")
def test_a_call_on_the_card_is_heard_from_its_first_to_its_last_sample() -> None:
    heard = Heard("deskfile")
    asyncio.run(asyncio.wait_for(heard.first_call(), 60))
    assert heard.call is not None
    assert heard.call.ended == "on_hook"
    frames = heard.frames("caller")
    assert frames[0].sample == 0
    signal = np.frombuffer(b"".join(frame.pcm for frame in frames), "<i2")
    clicks = np.flatnonzero(signal > 10_000)
    assert len(clicks) == round(CALL_S * 4)
    # Known positions: each lies where the recording has it, counted from the call's beginning.
    truth = CLICK_EVERY // 2 + CLICK_EVERY * np.arange(len(clicks))
    starts = np.array([frames[at // 320].sample + at % 320 for at in clicks])
    assert np.abs(starts - truth).max() <= 0.04 * RATE_HZ
    assert not heard.lost()


@pytest.mark.usefixtures("rig")
def test_the_cards_of_the_machine_are_listed_by_names_and_their_line_is_checked_and_recorded(tmp_path: Path) -> None:
    assert {"deskphone", "deskfile"} <= {card.lasting_name for card in list_cards()}
    settings, out = SoundCardSettings(("deskfile",), rate_hz=RATE_HZ), io.StringIO()
    file = tmp_path / "line.wav"

    async def both() -> None:
        with wave.open(str(file), "wb") as written:
            written.setparams((2, 2, RATE_HZ, 0, "NONE", ""))
            await asyncio.gather(check(settings, 5.0, out), record(settings, 5.0, written))

    asyncio.run(both())
    assert "agent " in out.getvalue()
    assert "sound, but no voice" in out.getvalue()
    with wave.open(str(file)) as read:
        heard = np.frombuffer(read.readframes(read.getnframes()), "<i2").reshape(-1, 2)
    clicks = np.flatnonzero(heard[:, 1] > 10_000)
    assert set(np.diff(clicks)) == {CLICK_EVERY}


def test_a_capture_process_that_dies_is_started_again_and_the_hole_is_declared(rig: SoundRig) -> None:
    heard = Heard("deskphone")

    async def killed() -> float:
        listening = asyncio.ensure_future(heard.first_call())
        rig.play(noise_file())
        await until(lambda: len(heard.steps) >= 50)
        (process,) = captures()
        process.kill()
        at_s, before = time.monotonic(), len(heard.steps)
        await until(lambda: len(heard.steps) >= before + 25)
        listening.cancel()
        await asyncio.wait((listening,))
        return time.monotonic() - at_s

    assert asyncio.run(asyncio.wait_for(killed(), 60)) < 5.5
    lost = heard.lost()
    assert {each.side for each in lost} == {"agent", "caller"}
    assert all(0.3 < (each.end_sample - each.start_sample) / RATE_HZ < 5 for each in lost)
    pieces = [piece for step in heard.steps for piece in step if isinstance(piece, Frame | Lost)]
    positions = [piece for piece in pieces if piece.side == "agent"]
    at = 0
    for piece in positions:
        assert (piece.sample if isinstance(piece, Frame) else piece.start_sample) == at
        at = piece.end_sample if isinstance(piece, Lost) else at + 320
    assert [bool(told) for told in heard.troubles][:2] == [True, False]
    assert not captures()


def test_after_an_unplug_the_line_is_back_within_five_seconds_of_the_plug(rig: SoundRig) -> None:
    heard = Heard("deskphone")

    async def replugged() -> float:
        listening = asyncio.ensure_future(heard.first_call())
        rig.play(noise_file())
        await until(lambda: len(heard.steps) >= 25)
        await asyncio.to_thread(rig.unplug)
        await until(lambda: bool(heard.troubles))
        await asyncio.to_thread(rig.plug)
        at_s = time.monotonic()
        await until(lambda: len(heard.troubles) >= 2)
        back_s = time.monotonic() - at_s
        listening.cancel()
        await asyncio.wait((listening,))
        return back_s

    assert asyncio.run(asyncio.wait_for(replugged(), 60)) < 5
    assert heard.troubles[0][0].fault == "line_lost"
    assert heard.troubles[1] == ()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for news from another process."""
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def noise_file() -> Path:
    """Give half a minute of a line off hook, as a WAV file for the rig."""
    path = Path(tempfile.mkdtemp()) / "noise.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(1).normal(0, 300, (30 * RATE_HZ, 2)).astype("<i2").tobytes())
    return path


@pytest.mark.usefixtures("rig")
def test_a_mute_ends_the_process_that_reads_the_card_and_the_call_goes_on_in_its_place() -> None:
    async def run() -> None:
        heard = Heard("deskfile")
        listening = asyncio.create_task(heard.first_call())
        while len(heard.steps) < 25:  # noqa: ASYNC110 - news of another task
            await asyncio.sleep(0.005)
        (process,) = captures()
        heard.line.capture.mute()
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.002)
        while heard.line.capture.captures():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.002)
        muted_at = len(heard.steps)
        await asyncio.sleep(0.5)
        assert captures() == []
        assert not any(isinstance(piece, Frame) for step in heard.steps[muted_at + 5 :] for piece in step)
        heard.line.capture.unmute()
        await listening
        for side in ("agent", "caller"):
            mine = [piece for step in heard.steps for piece in step if isinstance(piece, Frame | Withheld)]
            mine = [piece for piece in mine if piece.side == side]
            starts = [piece.sample if isinstance(piece, Frame) else piece.start_sample for piece in mine]
            ends = [piece.sample + FRAME_SAMPLES if isinstance(piece, Frame) else piece.end_sample for piece in mine]
            assert starts[1:] == ends[:-1]
            assert sum(isinstance(piece, Withheld) for piece in mine) >= 5
        assert heard.lost() == []

    asyncio.run(run())
