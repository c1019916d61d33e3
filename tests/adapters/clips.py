"""Stretches of the shipped calls, as a recognizer gets them."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import psutil

from appliance.adapters.recording import Recording
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.frames import FRAME_SAMPLES, Side, samples
from appliance.speech.listener import BLOCK_MS
from appliance.speech.recognizer import EndUtterance, Hear, Request


class Clip(NamedTuple):
    """What one side says from `start_s` to `end_s` of a call that ships."""

    call: str
    side: Side
    start_s: float
    end_s: float

    @property
    def pcm(self) -> bytes:
        """Give the audio as the recognizer hears it."""
        steps = Recording(shipped(self.call)).frames()
        first, last = (round(time_s * SAMPLE_RATE_HZ) for time_s in (self.start_s, self.end_s))
        mine = [frame for step in steps for frame in step if frame.side == self.side]
        return b"".join(frame.pcm for frame in mine if first - FRAME_SAMPLES < frame.sample < last)


def shipped(call: str) -> Path:
    """Give the file of a call that ships."""
    return Path(str(resources.files("appliance") / "calls" / f"{call}.wav"))


def requests(utterance: int, sample: int, pcm: bytes, side: Side = "caller") -> Iterator[Request]:
    """Give one utterance as the listener sends it."""
    block_bytes = 2 * samples(BLOCK_MS)
    for at in range(0, len(pcm), block_bytes):
        yield Hear(side, utterance, sample + at // 2, pcm[at : at + block_bytes])
    yield EndUtterance(side, utterance)


def hosts() -> list[psutil.Process]:
    """Give the recognizer hosts that this process has started."""
    return [child for child in psutil.Process().children() if _is_host(child)]


def _is_host(child: psutil.Process) -> bool:
    try:
        return "appliance.adapters.recognizer_host" in child.cmdline()
    except psutil.NoSuchProcess:  # it has just ended
        return False


def workers() -> list[psutil.Process]:
    """Give the workers of these hosts that live."""
    found = [child for host in hosts() for child in host.children()]
    return [child for child in found if child.status() != psutil.STATUS_ZOMBIE]
