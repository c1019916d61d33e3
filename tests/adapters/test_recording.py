import asyncio
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.adapters.recording import DEFAULT_SIDES, Recording, paced, unpaced
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, Frame, Side, Withheld
from appliance.telephony.codecs import Samples, decode_alaw, decode_ulaw

from ..telephony.wav_files import ALAW, PCM, ULAW, wav


def tone(frequency_hz: float, rate_hz: int, seconds: float = 1.0, height: int = 10_000) -> Samples:
    at = np.arange(round(rate_hz * seconds)) / rate_hz
    return (height * np.sin(2 * math.pi * frequency_hz * at)).astype(np.int16)


def recorded(folder: Path, file: bytes, sides: tuple[Side, ...] = ()) -> Recording:
    path = folder / "call.wav"
    path.write_bytes(file)
    return Recording(path, sides)


def heard(line: Recording, side: Side) -> Samples:
    pcm = b"".join(frame.pcm for step in line.frames() for frame in step if frame.side == side)
    return np.frombuffer(pcm, np.int16)


def level_at(signal: Samples, frequency_hz: float) -> float:
    """Give the amplitude of one frequency in the middle of a signal."""
    middle = signal[len(signal) // 4 : 3 * len(signal) // 4].astype(float)
    turning = np.exp(-2j * math.pi * frequency_hz / SAMPLE_RATE_HZ * np.arange(len(middle)))
    return float(2 * abs(turning @ middle) / len(middle))


@given(audio=st.binary(min_size=4, max_size=5000), channels=st.integers(1, 2))
def test_at_the_box_s_own_rate_every_bit_comes_through_in_order(
    tmp_path_factory: pytest.TempPathFactory, audio: bytes, channels: int
) -> None:
    line = recorded(tmp_path_factory.mktemp("line"), wav(audio, channels=channels))
    whole = len(audio) // (2 * channels)
    samples = np.frombuffer(audio[: whole * 2 * channels], "<i2").reshape(-1, channels)
    steps = list(line.frames())
    assert len(steps) == math.ceil(whole / FRAME_SAMPLES)
    for number, step in enumerate(steps):
        assert [frame.side for frame in step] == list(DEFAULT_SIDES[channels])
        assert all(frame.sample == number * FRAME_SAMPLES and len(frame.pcm) == FRAME_BYTES for frame in step)
    for channel, side in enumerate(line.sides):
        assert heard(line, side)[:whole].tolist() == samples[:, channel].tolist()
        assert not heard(line, side)[whole:].any()


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
def test_every_rate_is_heard_at_the_box_s_own_with_its_length_and_its_tones(tmp_path: Path, rate_hz: int) -> None:
    both = np.column_stack((tone(1000, rate_hz), tone(2500, rate_hz)))
    line = recorded(tmp_path, wav(both.tobytes(), channels=2, rate_hz=rate_hz))
    agent, caller = heard(line, "agent"), heard(line, "caller")
    assert line.duration_s == pytest.approx(1.0)
    assert len(agent) == len(caller) == SAMPLE_RATE_HZ
    assert level_at(agent, 1000) == pytest.approx(10_000, rel=0.02)
    assert level_at(caller, 2500) == pytest.approx(10_000, rel=0.02)
    assert level_at(agent, 2500) < 20
    assert level_at(caller, 1000) < 20


def test_what_the_box_s_rate_cannot_carry_vanishes_instead_of_sounding_lower(tmp_path: Path) -> None:
    line = recorded(tmp_path, wav(tone(10_000, 48_000).tobytes(), rate_hz=48_000))
    assert level_at(heard(line, "caller"), 6_000) < 20


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000])
def test_nothing_is_added_to_what_the_line_carried_so_that_each_run_hears_the_same(
    tmp_path: Path, rate_hz: int
) -> None:
    line = recorded(tmp_path, wav(bytes(2 * rate_hz), rate_hz=rate_hz))
    assert not heard(line, "caller").any()


def test_what_is_as_loud_as_can_be_does_not_wrap_round(tmp_path: Path) -> None:
    loud = np.where(np.arange(8000) % 20 < 10, 32767, -32768).astype(np.int16)
    signal = heard(recorded(tmp_path, wav(loud.tobytes(), rate_hz=8_000)), "caller").astype(int)
    assert np.abs(np.diff(signal)).max() < 45_000


@pytest.mark.parametrize(("codec", "decode"), [(ULAW, decode_ulaw), (ALAW, decode_alaw)])
def test_the_codecs_of_telephony_are_decoded(tmp_path: Path, codec: int, decode: Callable[[bytes], Samples]) -> None:
    audio = bytes(range(256)) * 5
    line = recorded(tmp_path, wav(audio, codec, rate_hz=16_000, bits=8))
    assert heard(line, "caller")[: len(audio)].tolist() == decode(audio).tolist()


@pytest.mark.parametrize(("rate_hz", "band"), [(8_000, "narrow"), (16_000, "wide"), (48_000, "wide")])
def test_the_band_follows_from_the_rate(tmp_path: Path, rate_hz: int, band: str) -> None:
    assert recorded(tmp_path, wav(bytes(200), rate_hz=rate_hz)).band == band


def test_the_sides_are_as_configured(tmp_path: Path) -> None:
    line = recorded(tmp_path, wav(np.array([1, 2], "<i2").tobytes(), channels=2), ("caller", "agent"))
    assert (heard(line, "caller")[0], heard(line, "agent")[0]) == (1, 2)


def test_one_side_for_two_channels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="2 channels, but 1 sides are configured") as caught:
        recorded(tmp_path, wav(bytes(100), channels=2), ("caller",))
    assert "name one side for each channel" in caught.value.mend


@pytest.mark.parametrize("name", ["absent.wav", "."])
def test_a_file_that_cannot_be_opened_is_told_with_its_path_and_the_mend(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError) as caught:
        Recording(tmp_path / name)
    assert caught.value.where == str(tmp_path / name)
    assert caught.value.mend == "check the path and its rights"


def test_a_truncated_file_is_refused_before_anything_is_heard(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="truncated"):
        recorded(tmp_path, wav(bytes(1000))[:-1])


def test_a_header_behind_long_notes_is_found(tmp_path: Path) -> None:
    file = wav(bytes(1000), PCM)
    notes = b"LIST" + (60_000).to_bytes(4, "little") + bytes(60_000)
    assert len(heard(recorded(tmp_path, file[:12] + notes + file[12:]), "caller")) == 2 * FRAME_SAMPLES


STEPS = [(Frame("caller", number * FRAME_SAMPLES, bytes(FRAME_BYTES)),) for number in range(15)]


def test_a_paced_line_gives_each_frame_when_it_would_have_been_spoken() -> None:
    async def run() -> list[float]:
        began_s = time.monotonic()
        return [time.monotonic() - began_s async for _ in paced(iter(STEPS))]

    for number, at_s in enumerate(asyncio.run(run()), start=1):
        assert at_s >= number * FRAME_MS / 1000 - 0.001


def test_a_line_that_was_held_up_catches_up() -> None:
    async def run() -> float:
        began_s = time.monotonic()
        async for (frame,) in paced(iter(STEPS)):
            if frame.sample == 0:
                time.sleep(0.2)  # noqa: ASYNC251 - holds up the whole loop, as a busy machine does
        return time.monotonic() - began_s

    assert asyncio.run(run()) < 0.2 + len(STEPS) * FRAME_MS / 1000


def test_an_unpaced_line_lets_other_tasks_have_their_turn() -> None:
    async def run() -> list[str]:
        turns: list[str] = []

        async def other() -> None:
            for _ in range(3):
                turns.append("other")
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        turns.extend(["step" async for _ in unpaced(iter(STEPS[:3]))])
        await task
        return turns

    assert asyncio.run(run())[:1] == ["other"]


def test_what_a_muted_recording_holds_is_passed_over_and_the_rest_keeps_its_place(tmp_path: Path) -> None:
    rate_hz = 8_000
    whole = recorded(tmp_path, wav(tone(440, rate_hz, 4.0).tobytes(), rate_hz=rate_hz))
    before = {step[0].sample: step[0].pcm for step in whole.frames()}
    line = Recording(tmp_path / "call.wav", pace="fast")

    async def run() -> list[Frame | Withheld]:
        call = await anext(line.calls(lambda _: None))
        pieces: list[Frame | Withheld] = []
        async for step in call.steps:
            (piece,) = step
            assert isinstance(piece, Frame | Withheld)
            pieces.append(piece)
            if len(pieces) == 50:
                line.capture.mute()
            if len(pieces) == 51:
                assert not line.capture.captures()
            if len(pieces) == 100:
                line.capture.unmute()
        assert not line.capture.captures()
        return pieces

    pieces = asyncio.run(run())
    starts = [piece.sample if isinstance(piece, Frame) else piece.start_sample for piece in pieces]
    assert starts == list(before)
    heard_at = [piece.sample for piece in pieces if isinstance(piece, Frame)]
    assert heard_at[:50] == starts[:50]
    assert starts[100] <= heard_at[50] <= starts[106]
    for piece in pieces:
        # Where reading begins again the filter of the resampler needs a moment.
        if isinstance(piece, Frame) and not starts[100] <= piece.sample <= starts[108]:
            difference = np.frombuffer(piece.pcm, "<i2").astype(int) - np.frombuffer(before[piece.sample], "<i2")
            assert abs(difference).max() <= 1
