import json
import random
from pathlib import Path

import pytest

from appliance.adapters.recording import Recording
from appliance.adapters.vad import VoiceDetector
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import FRAME_BYTES, FRAME_SAMPLES, Frame

from .clips import shipped


def frames_of(pcm: bytes) -> list[Frame]:
    return [
        Frame("caller", at // 2, pcm[at : at + FRAME_BYTES]) for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)
    ]


def test_digital_silence_is_no_voice() -> None:
    detector = VoiceDetector()
    assert not any(detector.is_voiced(frame) for frame in frames_of(bytes(FRAME_BYTES * 100)))


def test_the_noise_of_a_quiet_line_is_soon_no_voice() -> None:
    chance = random.Random(1)
    noise = b"".join(chance.randint(-30, 30).to_bytes(2, "little", signed=True) for _ in range(FRAME_SAMPLES * 200))
    detector = VoiceDetector()
    voiced = [detector.is_voiced(frame) for frame in frames_of(noise)]
    assert not any(voiced[50:])


@pytest.mark.parametrize("call", ["delivery_ok", "billing_ko_16k"])
def test_on_real_calls_speech_is_voice_and_the_pauses_are_not(call: str) -> None:
    path = shipped(call)
    turns = json.loads(Path(path).with_suffix(".truth.json").read_text())["turns"]
    detectors = {"agent": VoiceDetector(), "caller": VoiceDetector()}
    spoken, silent = [], []
    for step in Recording(path).frames():
        for frame in step:
            at_s = frame.sample / SAMPLE_RATE_HZ
            mine = [turn for turn in turns if turn["who"] == frame.side]
            voiced = detectors[frame.side].is_voiced(frame)
            if any(turn["start_s"] <= at_s < turn["end_s"] for turn in mine):
                spoken.append(voiced)
            elif not any(turn["start_s"] - 0.3 <= at_s < turn["end_s"] + 0.3 for turn in mine):
                silent.append(voiced)
    assert sum(spoken) / len(spoken) > 0.5  # turns hold pauses between their sentences
    assert sum(silent) / len(silent) < 0.02
