"""Frames: 20 ms of one side's voice, stamped with their position in media time, and the holes between them."""

from typing import Final, Literal, NamedTuple

from appliance.events import SAMPLE_RATE_HZ, LineGap

FRAME_MS: Final = 20
"""One of the three lengths that WebRTC's voice activity detector takes, and the usual ptime of telephony."""

FRAME_SAMPLES: Final = SAMPLE_RATE_HZ * FRAME_MS // 1000
FRAME_BYTES: Final = FRAME_SAMPLES * 2

Side = Literal["agent", "caller"]
"""One of the two voices of a line: the near end or the far end."""


class Frame(NamedTuple):
    """`FRAME_SAMPLES` of 16-bit little-endian mono audio at `SAMPLE_RATE_HZ`; `sample` is its first one's position."""

    side: Side
    sample: int
    pcm: bytes


class Lost(NamedTuple):
    """Audio of one side that never came: positions jump from `start_sample` to `end_sample`, its next frame's.

    Either may lie anywhere, not only on the edge of a frame.
    """

    side: Side
    start_sample: int
    end_sample: int
    reason: LineGap


class Withheld(NamedTuple):
    """A stretch of one side that nobody listened to, by wish: it is time, but neither silence nor a loss."""

    side: Side
    start_sample: int
    end_sample: int
    why: Literal["muted", "paused"]


def samples(milliseconds: float) -> int:
    """Give a span in samples of media time."""
    return int(SAMPLE_RATE_HZ * milliseconds / 1000)
