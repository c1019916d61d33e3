"""Recordings of acted emotions and of calls that `bench stress` is given with `--data`: none of them is shipped.

A folder `emotion` with `README.tsv` (columns file, corpus, speaker, emotion, intensity) and a folder `calls` with
`NAME.wav` and, where it is known, `NAME.truth.json`.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from appliance.adapters.recording import Recording
from appliance.errors import BadInputError
from appliance.speech.fit.emodb import BLOCK_SAMPLES, cut, levelled, read
from appliance.speech.frames import Side, samples
from appliance.speech.pitch import Values

CALM: Final = frozenset({"neutral", "calm"})
STRESSED: Final = "angry"
UNCUT: Final = frozenset({"emodb"})
"""Corpora whose recordings are cut to equal lengths."""

SILENCE_DB: Final = 35.0
"""That far below the loudest block a recording's beginning and end are silence."""


class Spoken(NamedTuple):
    """One recording of one voice, at an equal level of speech, of 16 bits' scale at 16 kHz."""

    corpus: str
    speaker: str
    emotion: str
    strong: bool
    audio: Values

    @property
    def key(self) -> tuple[str, str]:
        """Who speaks."""
        return self.corpus, self.speaker


class Turn(NamedTuple):
    """One turn of a scripted call, `stress` from 0 to 1."""

    call: str
    stress: float
    start_s: float
    end_s: float
    audio: Values


def read_emotions(folder: Path) -> list[Spoken]:
    """Give every recording of the table; raises `BadInputError` without one."""
    table = folder / "emotion" / "README.tsv"
    if not table.is_file():
        raise BadInputError("no acted emotions", where=str(table), mend="name the folder above emotion/README.tsv")
    with table.open("r", encoding="utf-8", newline="") as lines:
        return [_spoken(table.parent, row) for row in csv.DictReader(lines, delimiter="\t")]


def read_side(file: Path, side: Side) -> Values:
    """Give one side of a call."""
    recording = Recording(file)
    channel = recording.sides.index(side)
    pcm = b"".join(step[channel].pcm for step in recording.frames())
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def caller_turns(folder: Path) -> Iterator[Turn]:
    """Give the caller's turns of every scripted call."""
    for truth in sorted((folder / "calls").glob("*.truth.json")):
        call = truth.name.removesuffix(".truth.json")
        audio = read_side(truth.with_name(f"{call}.wav"), "caller")
        for turn in json.loads(truth.read_text("utf-8"))["turns"]:
            if turn["who"] == "caller":
                yield _turn(call, turn, audio)


def without_silence(audio: Values) -> Values:
    """Cut the silence off a recording's beginning and end, as between the turns of a call there is none of seconds."""
    powers = np.square(audio[: len(audio) // BLOCK_SAMPLES * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES)).mean(axis=1)
    loud = np.flatnonzero(powers > powers.max() / 10 ** (SILENCE_DB / 10))
    return audio[max(0, (loud[0] - 5) * BLOCK_SAMPLES) : (loud[-1] + 10) * BLOCK_SAMPLES]


def _turn(call: str, turn: dict[str, Any], audio: Values) -> Turn:
    start, end = (samples(1000 * turn[edge]) for edge in ("start_s", "end_s"))
    return Turn(call, turn["stress"], turn["start_s"], turn["end_s"], levelled(audio[start:end]))


def _spoken(folder: Path, row: dict[str, str]) -> Spoken:
    audio = read(folder / row["file"])
    audio = cut(audio) if row["corpus"] in UNCUT else audio
    strong = row["corpus"] in UNCUT or row["intensity"] == "strong"
    return Spoken(row["corpus"], row["speaker"], row["emotion"], strong, levelled(audio))
