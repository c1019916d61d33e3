import numpy as np
import pytest

from appliance.adapters.vad import VoiceDetector
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import FRAME_SAMPLES
from appliance.speech.level import level_dbfs
from appliance.telephony.hook import HookChange, HookDetector
from appliance.telephony.tones import ToneDetector, are_tones
from tests.speech.tunes import TUNES

from .scripted_day import OFF_HOOK_RMS, ON_HOOK_RMS, Day, day, voices_of

NEAR = 2 * 16_000


def changes(scripted: Day) -> list[HookChange]:
    """Run a day through the detector as the line does."""
    hook, tones, voices = HookDetector(), ToneDetector(), (VoiceDetector(), VoiceDetector())
    found: list[HookChange] = []
    whole = len(scripted.audio) // FRAME_SAMPLES * FRAME_SAMPLES
    sounds = are_tones(scripted.audio[:whole, 1].astype(np.float32).reshape(-1, FRAME_SAMPLES))
    for (agent, caller), sounds_now in zip(scripted.steps(), sounds, strict=True):
        level = max(level_dbfs(agent.pcm), level_dbfs(caller.pcm))
        tone = tones.receive_frame(caller.sample, sounds=sounds_now)
        voiced = voices[0].is_voiced(agent) or voices[1].is_voiced(caller)
        change = hook.receive_step(agent.sample, level, (tone,) if tone else (), voiced=voiced)
        found += [change] if change else []
    return found


def test_on_a_day_of_twenty_calls_each_begins_and_ends_within_two_seconds_of_the_truth() -> None:
    scripted = day(seed=1)
    found = changes(scripted)
    assert [each.state for each in found] == ["off_hook", "on_hook"] * 20
    for call, begun, ended in zip(scripted.calls, found[::2], found[1::2], strict=True):
        assert abs(begun.sample - call.start_sample) <= NEAR
        assert abs(ended.sample - call.end_sample) <= NEAR


@pytest.mark.parametrize(
    ("tune", "off_hook_rms", "rest_s"),
    [("pop with drums", OFF_HOOK_RMS, 3.0), *((tune, ON_HOOK_RMS, 0.8) for tune in TUNES)],
)
def test_no_tune_on_hold_splits_a_call_whether_or_not_the_line_is_silent_in_its_rests(
    tune: str, off_hook_rms: float, rest_s: float
) -> None:
    """A headset that is muted on hold leaves a line as quiet as on hook; then a rest of a second would be an end."""
    random, voices = np.random.default_rng(5), voices_of("billing_dispute")
    piece = np.concatenate((TUNES[tune](4.0), np.zeros(round(rest_s * SAMPLE_RATE_HZ))))
    held = np.stack((np.zeros(4 * len(piece)), np.tile(piece, 4)), axis=1)
    call = np.concatenate((voices[: 5 * SAMPLE_RATE_HZ], held, voices[5 * SAMPLE_RATE_HZ : 10 * SAMPLE_RATE_HZ]))
    call += random.normal(0, off_hook_rms, call.shape)
    before, after = (random.normal(0, ON_HOOK_RMS, (seconds * SAMPLE_RATE_HZ, 2)) for seconds in (3, 33))
    audio = np.rint(np.concatenate((before, call, after))).clip(-32768, 32767).astype(np.int16)
    begun, ended = changes(Day(audio, []))
    assert abs(begun.sample - len(before)) <= NEAR
    assert abs(ended.sample - len(before) - len(call)) <= NEAR


def test_a_line_that_is_as_quiet_in_pauses_as_on_hook_is_not_cut_at_each_pause() -> None:
    """Of such a line only a long silence or a tone tells the end, so calls may run into each other, but never break."""
    hook = HookDetector()
    found = []
    for number in range(50 * 120):
        second = number // 50
        speaks = 10 <= second < 60 and number % 30 < 22 and not 30 <= second < 36
        change = hook.receive_step(number * 320, -30.0 if speaks else -80.0, voiced=speaks)
        found += [change] if change else []
    assert [each.state for each in found] == ["off_hook", "on_hook"]
    assert abs(found[1].sample - 60 * 16_000) <= NEAR


def test_a_line_whose_noise_has_risen_is_not_one_call_for_ever() -> None:
    hook = HookDetector()
    found = []
    for number in range(50 * 700):
        change = hook.receive_step(number * 320, -80.0 if number < 500 else -60.0, voiced=False)
        found += [change] if change else []
    assert [each.state for each in found] == ["off_hook", "on_hook"]
    assert not hook.off_hook


def test_a_click_on_the_line_is_no_call() -> None:
    hook = HookDetector()
    assert not any(
        hook.receive_step(number * 320, -20.0 if number % 100 < 5 else -80.0, voiced=False) for number in range(2_000)
    )
