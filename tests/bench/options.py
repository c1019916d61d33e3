"""What all benchmarks share: their options, and how they tell what they are doing."""

import sys
from pathlib import Path

import msgspec

from appliance.errors import BadInputError


class Options(msgspec.Struct, frozen=True):
    """How to measure.

    `data` is a folder with recordings that the project does not ship, `NAME.wav` with `NAME.truth.json` as in
    `appliance/calls`. `repeats` is how often each side of a comparison runs, in turns; `minutes` how much audio the
    device hears without a break in `memory`.
    """

    data: Path | None = None
    repeats: int = 3
    minutes: float = 10.0


class SkippedError(BadInputError):
    """This figure cannot be measured here, and what would make it possible; the other figures still can."""


def say(text: str) -> None:
    """Tell the person at the terminal what happens."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()
