"""The band meter on the shipped Korean call, wide by itself and made narrow here, and on sounds that are no speech."""

import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import appliance
from appliance.adapters.recording import Recording
from appliance.adapters.vad import VoiceDetector
from appliance.events import SAMPLE_RATE_HZ, Band
from appliance.speech.band import CONFIRM_MS, WINDOW_MS, BandMeter
from appliance.speech.frames import FRAME_MS, FRAME_SAMPLES, Frame, Side

Audio = NDArray[np.float64]

CALLS = Path(appliance.__file__).parent / "calls"
SIDES: tuple[Side, ...] = ("agent", "caller")
NEEDED = WINDOW_MS // FRAME_MS
MAX_CPU_MS = 0.3


@cache
def wide(side: Side) -> Audio:
    """Give one side of the Korean call as it is."""
    return side_of("billing_ko_16k.wav", side)


def side_of(name: str, side: Side) -> Audio:
    steps = Recording(CALLS / name).frames()
    pcm = b"".join(frame.pcm for step in steps for frame in step if frame.side == side)
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def band_pass(low_hz: float, high_hz: float, taps: int = 257) -> Audio:
    """Give a filter by the window method."""
    at = np.arange(taps) - taps // 2
    edges = [2 * hz / SAMPLE_RATE_HZ for hz in (low_hz, high_hz)]
    shape: Audio = (edges[1] * np.sinc(edges[1] * at) - edges[0] * np.sinc(edges[0] * at)) * np.hamming(taps)
    return shape


def through_a_filter(audio: Audio) -> Audio:
    passed: Audio = np.convolve(audio, band_pass(300, 3400), "same")
    return passed


def through_8_khz(audio: Audio) -> Audio:
    back: Audio = soxr.resample(soxr.resample(audio, SAMPLE_RATE_HZ, 8000), 8000, SAMPLE_RATE_HZ)
    return back


def through_a_telephone(audio: Audio) -> Audio:
    return through_8_khz(through_a_filter(audio))


def through_a_bad_converter(audio: Audio) -> Audio:
    """Go to 8 kHz and back with straight lines between the samples."""
    narrow = soxr.resample(through_a_filter(audio), SAMPLE_RATE_HZ, 8000)
    back: Audio = np.interp(np.arange(len(audio)) / 2, np.arange(len(narrow)), narrow)
    return back


def dulled(audio: Audio) -> Audio:
    """Take 10 dB from all above 3.6 kHz."""
    return 0.32 * audio + 0.68 * np.convolve(audio, band_pass(1, 3600), "same")


def unchanged(audio: Audio) -> Audio:
    return audio


def with_noise(audio: Audio, below_speech_db: float) -> Audio:
    loud = audio[np.abs(audio) > 100]
    scale = np.sqrt(np.mean(loud**2)) * 10 ** (-below_speech_db / 20)
    return audio + np.random.default_rng(5).normal(0, scale, len(audio))


def frames(audio: Audio) -> Iterator[Frame]:
    pcm = np.clip(np.round(audio), -32768, 32767).astype("<i2")
    for sample in range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        yield Frame("caller", sample, pcm[sample : sample + FRAME_SAMPLES].tobytes())


def measure(audio: Audio, meter: BandMeter | None = None) -> list[tuple[int, Band | None]]:
    """Give each change of the meter: after how many frames of speech, and to what."""
    meter, detector, voiced, changes = meter or BandMeter(), VoiceDetector(), 0, []
    for frame in frames(audio):
        is_voiced = detector.is_voiced(frame)
        voiced += is_voiced
        if meter.receive_frame(frame, voiced=is_voiced):
            changes.append((voiced, meter.band))
    return changes


def hear_all(audio: Audio, meter: BandMeter) -> None:
    """Let the meter hear everything as if the detector had taken it for speech."""
    for frame in frames(audio):
        meter.receive_frame(frame, voiced=True)


NARROW = [through_a_filter, through_8_khz, through_a_telephone, through_a_bad_converter]
WIDE: list[Callable[[Audio], Audio]] = [unchanged, dulled]
LEVELS = [0.1, 0.3, 1.0]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("line", WIDE)
def test_a_wide_side_is_known_after_two_seconds_of_speech(
    line: Callable[[Audio], Audio], level: float, side: Side
) -> None:
    ((heard, band),) = measure(level * line(wide(side)))
    assert band == "wide"
    assert NEEDED <= heard <= NEEDED + 10


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("line", NARROW)
def test_a_narrow_side_is_known_after_two_seconds_of_speech(
    line: Callable[[Audio], Audio], level: float, side: Side
) -> None:
    ((heard, band),) = measure(level * line(wide(side)))
    assert band == "narrow"
    assert NEEDED <= heard <= NEEDED + 10


@pytest.mark.parametrize("name", ["billing_dispute.wav", "delivery_ok.wav"])
@pytest.mark.parametrize("side", SIDES)
def test_a_recording_of_8_khz_is_narrow(name: str, side: Side) -> None:
    assert [band for _, band in measure(side_of(name, side))] == ["narrow"]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("below_speech_db", [20, 10])
def test_noise_may_hide_the_answer_but_never_gives_the_wrong_one(side: Side, below_speech_db: float) -> None:
    telephone = through_a_telephone(wide(side))
    assert {band for _, band in measure(with_noise(wide(side), below_speech_db))} <= {"wide"}
    assert {band for _, band in measure(with_noise(telephone, below_speech_db))} <= {"narrow"}
    in_the_call = through_a_telephone(with_noise(wide(side), below_speech_db))
    assert {band for _, band in measure(in_the_call)} <= {"narrow"}


def test_a_noise_that_a_good_line_has_hides_nothing() -> None:
    assert [band for _, band in measure(with_noise(through_8_khz(wide("caller")), 45))] == ["narrow"]
    assert [band for _, band in measure(with_noise(wide("caller"), 30))] == ["wide"]


@pytest.mark.parametrize("line", [unchanged, through_8_khz])
def test_clipping_does_not_change_the_answer(line: Callable[[Audio], Audio]) -> None:
    clipped = np.clip(8 * line(wide("caller")), -32768, 32767)
    assert {band for _, band in measure(clipped)} <= {"wide" if line is unchanged else "narrow"}
    assert {band for _, band in measure(clipped * 0.4)} <= {"wide" if line is unchanged else "narrow"}


@pytest.mark.parametrize("line", [unchanged, through_8_khz])
def test_a_transfer_is_followed_within_four_seconds_of_speech(line: Callable[[Audio], Audio]) -> None:
    first, second = (unchanged, through_8_khz) if line is unchanged else (through_8_khz, unchanged)
    before, after = first(wide("agent")), second(wide("caller"))
    meter = BandMeter()
    (began,) = measure(before, meter)
    (changed,) = measure(after, meter)
    assert began[1] != changed[1]
    assert CONFIRM_MS // FRAME_MS <= changed[0] <= 200


def test_a_click_or_a_sharp_sound_now_and_then_does_not_make_a_narrow_side_wide() -> None:
    audio = through_8_khz(wide("caller"))
    hiss = np.random.default_rng(6).normal(0, 3000, FRAME_SAMPLES)
    for at in range(0, len(audio) - FRAME_SAMPLES, 10 * FRAME_SAMPLES):
        audio[at : at + FRAME_SAMPLES] += hiss
    assert [band for _, band in measure(audio)] == ["narrow"]


def test_sharp_sounds_that_a_narrow_side_cuts_off_stay_narrow() -> None:
    bursts = np.random.default_rng(7).normal(0, 3000, 10 * SAMPLE_RATE_HZ)
    meter = BandMeter()
    hear_all(through_8_khz(bursts * (np.arange(len(bursts)) // 4000 % 2)), meter)
    assert meter.band in {None, "narrow"}


SECONDS = np.arange(20 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
DIGITS_HZ = [(697, 1209), (770, 1336), (852, 1477), (941, 1633)]


def melody() -> Audio:
    """Give plucked notes, half a second each, with four overtones."""
    notes_hz = 262 * 2 ** (np.array([0, 4, 7, 12, 9, 5, 11, 2])[(SECONDS * 2).astype(int) % 8] / 12)
    phase = 2 * np.pi * np.cumsum(notes_hz) / SAMPLE_RATE_HZ
    tones: Audio = sum((np.sin(part * phase) / part**1.5 for part in range(1, 6)), np.zeros_like(phase))
    return 4000 * tones * np.exp(-2.5 * (SECONDS % 0.5))


def dialled() -> Audio:
    """Give telephone digits: two tones each, 100 ms, with pauses between."""
    pairs = np.array(DIGITS_HZ)[(SECONDS * 5).astype(int) % 4].T
    both: Audio = np.sin(2 * np.pi * pairs * SECONDS).sum(axis=0)
    return 6000 * both * ((SECONDS % 0.2) < 0.1)


def tone() -> Audio:
    return 8000 * np.sin(2 * np.pi * 425 * SECONDS)


def high_tone() -> Audio:
    return 8000 * np.sin(2 * np.pi * 2600 * SECONDS)


def silence() -> Audio:
    return np.zeros_like(SECONDS)


def hum() -> Audio:
    return 5000 * np.sin(2 * np.pi * 50 * SECONDS) + np.random.default_rng(8).normal(0, 3, len(SECONDS))


def noise() -> Audio:
    return np.random.default_rng(9).normal(0, 1000, len(SECONDS))


@pytest.mark.parametrize("sound", [melody, dialled, tone, high_tone, silence, hum, noise])
def test_what_is_no_speech_gives_no_answer_even_where_the_detector_takes_it_for_speech(
    sound: Callable[[], Audio],
) -> None:
    meter = BandMeter()
    hear_all(sound(), meter)
    assert meter.band is None


@pytest.mark.parametrize("sound", [melody, dialled, tone, high_tone, silence, hum, noise])
@pytest.mark.parametrize("line", [unchanged, through_8_khz])
def test_what_is_no_speech_changes_no_answer(sound: Callable[[], Audio], line: Callable[[Audio], Audio]) -> None:
    meter = BandMeter()
    measure(line(wide("agent")), meter)
    known = meter.band
    hear_all(sound(), meter)
    assert meter.band == known


FRAMES = st.one_of(
    st.binary(min_size=2 * FRAME_SAMPLES, max_size=2 * FRAME_SAMPLES),
    st.sampled_from([-32768, -1, 0, 1, 32767]).map(lambda step: np.full(FRAME_SAMPLES, step, "<i2").tobytes()),
)


@settings(max_examples=30)
@given(st.lists(st.tuples(FRAMES, st.integers(1, 60), st.booleans()), max_size=12))
def test_whatever_comes_the_meter_needs_its_speech_first_and_tells_every_change(
    runs: list[tuple[bytes, int, bool]],
) -> None:
    meter, heard = BandMeter(), 0
    for pcm, times, voiced in runs:
        for _ in range(times):
            before = meter.band
            changed = meter.receive_frame(Frame("caller", 0, pcm), voiced=voiced)
            heard += voiced
            assert changed == (meter.band != before)
            assert not changed or heard >= NEEDED
            assert meter.band is not None or before is None


@settings(max_examples=10)
@given(st.lists(st.integers(2, 8), min_size=2, max_size=5), st.booleans())
def test_however_often_the_line_changes_answers_alternate_and_lie_apart(seconds: list[int], begins_wide: bool) -> None:
    both = (wide("caller"), through_8_khz(wide("caller")))
    parts = [
        both[(number + begins_wide) % 2][number * 80_000 :][: length * SAMPLE_RATE_HZ]
        for number, length in enumerate(seconds)
    ]
    changes = measure(np.concatenate(parts))
    for (first, one), (second, other) in pairwise(changes):
        assert one != other
        assert second - first >= CONFIRM_MS // FRAME_MS


def test_the_same_audio_gives_the_same_answers_at_the_same_places() -> None:
    assert measure(wide("caller")) == measure(wide("caller"))


def test_a_frame_costs_little() -> None:
    meter, heard = BandMeter(), list(frames(wide("caller")[: 20 * SAMPLE_RATE_HZ]))
    began_s = time.process_time()
    for frame in heard:
        meter.receive_frame(frame, voiced=True)
    assert (time.process_time() - began_s) * 1000 / len(heard) <= MAX_CPU_MS
