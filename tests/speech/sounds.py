"""Frames whose audio can be told apart, quiet or loud."""

from collections.abc import Iterable

from appliance.speech.frames import FRAME_SAMPLES, Frame, Side

QUIET_STEP = 4
LOUD_STEP = 8_000


def frame(number: int, *, voiced: bool, side: Side = "caller") -> Frame:
    """Give frame `number` of a side, loud where it is voiced; no two frames of a call hold the same bytes."""
    height = LOUD_STEP if voiced else QUIET_STEP
    swing = height.to_bytes(2, "little", signed=True) + (-height).to_bytes(2, "little", signed=True)
    stamp = number.to_bytes(4, "little")
    return Frame(side, number * FRAME_SAMPLES, stamp + swing * ((FRAME_SAMPLES - 2) // 2))


def frames(voicing: Iterable[bool], side: Side = "caller") -> list[Frame]:
    """Give one frame for each entry."""
    return [frame(number, voiced=voiced, side=side) for number, voiced in enumerate(voicing)]


def voicing(*runs: int) -> list[bool]:
    """Give silence and speech by turns, each so many frames long, silence first."""
    return [bool(turn % 2) for turn, length in enumerate(runs) for _ in range(length)]
