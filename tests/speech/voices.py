"""Sounds for the modules that listen to a voice: shipped calls, made voices, tones, music, noise."""

from functools import cache
from pathlib import Path

import numpy as np

import appliance
from appliance.adapters.recording import Recording
from appliance.adapters.vad import VoiceDetector
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import FRAME_SAMPLES, Frame, Side
from appliance.speech.pitch import Values
from appliance.speech.stress import Stress, StressMeter
from appliance.speech.voice import Hops, VoiceMeter, joined

CALLS = Path(appliance.__file__).parent / "calls"


@cache
def side_of(name: str, side: Side) -> Values:
    steps = Recording(CALLS / name).frames()
    pcm = b"".join(frame.pcm for step in steps for frame in step if frame.side == side)
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def seconds(length_s: float) -> Values:
    return np.arange(int(length_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ


def overtones(f0_hz: Values | float, length_s: float, orders: range = range(1, 40), step: float = 800.0) -> Values:
    """Give a pulse-like voice of that pitch, which may change, with these of its overtones below 7 kHz."""
    course_hz = np.broadcast_to(f0_hz, len(seconds(length_s)))
    phase = 2 * np.pi * np.cumsum(course_hz) / SAMPLE_RATE_HZ
    parts = (np.sin(order * phase) * (order * course_hz < 7000) / order for order in orders)
    voice: Values = step * np.sum(list(parts), axis=0)
    return voice


def melody(length_s: float) -> Values:
    """Give plucked notes, half a second each, with four overtones."""
    at = seconds(length_s)
    notes_hz = 262 * 2 ** (np.array([0, 4, 7, 12, 9, 5, 11, 2])[(at * 2).astype(int) % 8] / 12)
    phase = 2 * np.pi * np.cumsum(notes_hz) / SAMPLE_RATE_HZ
    tones = np.sum([np.sin(part * phase) / part**1.5 for part in range(1, 6)], axis=0)
    plucked: Values = 4000 * tones * np.exp(-2.5 * (at % 0.5))
    return plucked


def noise(length_s: float, step: float = 1000.0, seed: int = 3) -> Values:
    return np.random.default_rng(seed).normal(0, step, len(seconds(length_s)))


def frames(audio: Values, start: int = 0) -> list[Frame]:
    pcm = np.clip(np.round(audio), -32768, 32767).astype("<i2")
    return [
        Frame("caller", start + at, pcm[at : at + FRAME_SAMPLES].tobytes())
        for at in range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES)
    ]


def hops_of(audio: Values, *, voiced: bool | None = None) -> Hops:
    """Give the hops of whole blocks of audio; `voiced` stands for the detector where it is given."""
    meter, detector, parts = VoiceMeter(), VoiceDetector(), list[Hops]()
    for frame in frames(audio):
        hops = meter.receive_frame(frame, voiced=detector.is_voiced(frame) if voiced is None else voiced)
        parts += [hops] if hops else []
    return joined(parts)


def stress_of(audio: Values, *, voiced: bool | None = None) -> list[Stress]:
    """Give what a stress meter says of one voice; `voiced` stands for the detector where it is given."""
    meter, detector = StressMeter(), VoiceDetector()
    verdicts = (
        meter.receive_frame(frame, voiced=detector.is_voiced(frame) if voiced is None else voiced)
        for frame in frames(audio)
    )
    return [verdict for verdict in verdicts if verdict]
