import numpy as np
import pytest

from appliance.adapters.vad import VoiceDetector
from appliance.speech.frames import FRAME_SAMPLES, Frame
from appliance.telephony.line_sides import MISTAKE_MENDS, Mistake, SidesCheck
from appliance.telephony.tones import ToneDetector, are_tones

from .scripted_day import Signal, cadence, voices_of

CALL = voices_of("billing_dispute")[: 40 * 16_000]
NOISE = np.random.default_rng(3).normal(0, 25, CALL.shape)


def with_side_tone(below_db: float) -> Signal:
    """Give the call as a handset carries it: the receiver gives the agent's own voice back, a little later."""
    side_tone = np.roll(CALL[:, 0], 3) * 10 ** (-below_db / 20)
    return np.stack((CALL[:, 0], CALL[:, 1] + side_tone), axis=1) + NOISE


def with_echo(below_db: float) -> Signal:
    """Give the call of a telephone without side-tone, whose microphone hears its receiver."""
    echo = np.roll(CALL[:, 1], 40) * 10 ** (-below_db / 20)
    return np.stack((CALL[:, 0] + echo, CALL[:, 1]), axis=1) + NOISE


def on_one_wire(gain: float) -> Signal:
    both = CALL.sum(axis=1)
    return np.stack((both, gain * both), axis=1) + NOISE


def checked(audio: Signal, agent: int = 0) -> list[Mistake | None]:
    """Give what looks wrong after each 20 ms."""
    check, voices, tones = SidesCheck(agent), [VoiceDetector(), VoiceDetector()], [ToneDetector(), ToneDetector()]
    samples, found = np.rint(audio).clip(-32768, 32767).astype("<i2"), []
    for at in range(0, len(samples) - FRAME_SAMPLES, FRAME_SAMPLES):
        block = samples[at : at + FRAME_SAMPLES].T
        frames = [Frame("agent", at, side.tobytes()) for side in block]
        sounds = are_tones(block.astype(np.float32))
        one, other = (tones[side].receive_frame(at, sounds=sounds[side]) for side in (0, 1))
        check.receive_tones((one, other))
        voiced = [voices[side].is_voiced(frames[side]) for side in (0, 1)]
        if any(voiced):
            check.receive_voice((frames[0].pcm, frames[1].pcm))
        found.append(check.mistake)
    return found


def both_have_spoken_by() -> int:
    """Give the frame by which each side has had voice for a second and a half."""
    loudest = np.abs(CALL.reshape(-1, FRAME_SAMPLES, 2)).max(axis=1)
    return int(max(np.flatnonzero(np.cumsum(loudest[:, side] > 500) >= 75)[0] for side in (0, 1)))


@pytest.mark.parametrize(
    "audio", [CALL + NOISE, with_side_tone(10), with_side_tone(26), with_echo(25)], ids=["plain", "10", "26", "echo"]
)
def test_a_line_that_is_wired_as_it_should_be_has_nothing_wrong(audio: Signal) -> None:
    assert set(checked(audio)) == {None}


@pytest.mark.parametrize("below_db", [10, 18, 26])
def test_swapped_channels_are_seen_within_ten_seconds_of_both_voices_by_the_side_tone(below_db: float) -> None:
    found = checked(with_side_tone(below_db)[:, ::-1])
    seen = found.index("swapped")
    assert set(found[seen:]) == {"swapped"}
    assert seen < both_have_spoken_by() + 500
    assert set(checked(with_side_tone(below_db)[:, ::-1], agent=1)) == {None}


@pytest.mark.parametrize("gain", [1.0, 0.6])
def test_two_voices_on_one_wire_are_seen_within_ten_seconds(gain: float) -> None:
    found = checked(on_one_wire(gain))
    assert found.index("mixed") < 500
    assert found[-1] == "mixed"


def test_a_tone_of_the_network_on_the_agent_s_channel_alone_tells_that_the_sides_are_swapped() -> None:
    busy = cadence(6.0, (480, 480), 425.0)
    silence = np.zeros(len(busy))
    noise = NOISE[: len(busy)]
    assert checked(np.stack((silence, busy), axis=1) + noise)[-1] is None
    found = checked(np.stack((busy, silence), axis=1) + noise)
    assert found.index("swapped") < 250
    # A microphone that hears the receiver tells nothing.
    assert checked(np.stack((busy / 20, busy), axis=1) + noise)[-1] is None


def test_what_was_taken_for_swapped_is_right_again_once_the_plugs_are_changed() -> None:
    right = with_side_tone(15)
    found = checked(np.concatenate((right[:, ::-1], right)))
    assert found[len(found) // 2] == "swapped"
    assert found[-1] is None
    assert all(mend.endswith(".") for mend in MISTAKE_MENDS.values())
