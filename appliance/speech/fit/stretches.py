"""From audio to the hops that the device would measure: frames, the voice activity detector, the voice meter."""

from typing import Final

import numpy as np

from appliance.adapters.vad import VoiceDetector
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import FRAME_SAMPLES, Frame
from appliance.speech.pitch import Values
from appliance.speech.voice import BLOCK_MS, Hops, VoiceMeter, joined

_BLOCK: Final = SAMPLE_RATE_HZ * BLOCK_MS // 1000


def heard(audio: Values) -> Hops:
    """Give the hops that the device takes of one voice, silence after it up to a whole block."""
    meter, detector, parts = VoiceMeter(), VoiceDetector(), list[Hops]()
    for frame in frames(np.pad(audio, (0, -len(audio) % _BLOCK))):
        hops = meter.receive_frame(frame, voiced=detector.is_voiced(frame))
        parts += [hops] if hops else []
    return joined(parts)


def frames(audio: Values) -> list[Frame]:
    """Cut audio of 16 bits' scale at 16 kHz into whole frames."""
    pcm = np.clip(np.round(audio), -32768, 32767).astype("<i2")
    starts = range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES)
    return [Frame("caller", start, pcm[start : start + FRAME_SAMPLES].tobytes()) for start in starts]
