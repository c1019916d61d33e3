"""The speech that a front learns from and the speech that it is judged by, from one folder of recordings."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from appliance.errors import BadInputError
from appliance.models.adapt.features import Pair, pair
from appliance.models.adapt.prompts import Session, find_recordings, is_narrow, join_sessions, read_recording
from appliance.models.adapt.telephone import WIDE_HZ, Audio

HELD_OUT: Final = 0.08
"""The share of the recordings that no training hears."""

HELD_OUT_SEED: Final = 7
MAX_NARROW: Final = 0.05
"""More narrowband recordings than these few spoil the wideband side that the front learns from."""

MIN_MINUTES: Final = 10.0
"""With less the front learns the recordings instead of the telephone."""

Tell = Callable[[str, int, int], None]
"""What is being done, how much is done, of how much."""


class Corpus(NamedTuple):
    """Recordings with their speakers; `digest` tells whether it is the same corpus again."""

    training: list[tuple[str, Audio]]
    held_out: list[tuple[str, Audio]]
    digest: str

    def copy(self, number: int, tell: Tell) -> list[Pair]:
        """Give the training speech through other random lines for each number."""
        chance = np.random.default_rng([1, number])
        return _pairs(list(join_sessions(self.training, chance)), chance, tell, clean=False)

    def judges(self, tell: Tell) -> list[Pair]:
        """Give the held-out speech through lines without noise, the same each time."""
        chance = np.random.default_rng(HELD_OUT_SEED)
        return _pairs(list(join_sessions(self.held_out, chance)), chance, tell, clean=True)


def read_corpus(folder: Path, tell: Tell) -> Corpus:
    """Decode every recording below the folder; the folder that one lies in stands for its speaker.

    Raises `BadInputError` for recordings that cannot be read, are too few, or were made over a telephone.
    """
    recordings: list[tuple[str, Audio]] = []
    narrow: list[Path] = []
    digest = hashlib.sha256()
    paths = find_recordings(folder)
    for number, path in enumerate(paths, start=1):
        audio = read_recording(path)
        tell("reading recordings", number, len(paths))
        digest.update(audio.tobytes())
        if np.abs(audio).max(initial=0.0) > 0:
            recordings.append((str(path.parent), audio.astype(np.float32)))
            narrow += [path] if is_narrow(audio) else []
    _require_wide(folder, narrow, len(recordings))
    minutes = sum(len(audio) for _, audio in recordings) / WIDE_HZ / 60
    if minutes < MIN_MINUTES:
        what = f"there are only {minutes:.1f} minutes of recordings"
        raise BadInputError(what, where=str(folder), mend=f"collect at least {MIN_MINUTES:.0f} minutes, better an hour")
    return Corpus(*_split(recordings), digest.hexdigest())


def _require_wide(folder: Path, narrow: list[Path], count: int) -> None:
    if len(narrow) > MAX_NARROW * count:
        raise BadInputError(
            f"{len(narrow)} of {count} recordings carry the telephone band alone, such as {narrow[0].name}",
            where=str(folder),
            mend="take wideband recordings (16 kHz or more, not from a telephone): the front learns from both bands",
        )


def _split(recordings: list[tuple[str, Audio]]) -> tuple[list[tuple[str, Audio]], list[tuple[str, Audio]]]:
    order = np.random.default_rng(HELD_OUT_SEED).permutation(len(recordings))
    judged = set(order[: max(1, round(HELD_OUT * len(order)))].tolist())
    training = [recording for number, recording in enumerate(recordings) if number not in judged]
    return training, [recordings[number] for number in sorted(judged)]


def _pairs(sessions: list[Session], chance: np.random.Generator, tell: Tell, *, clean: bool) -> list[Pair]:
    def made() -> Iterator[Pair]:
        for number, session in enumerate(sessions, start=1):
            yield pair(session, chance, clean=clean)
            tell("computing features", number, len(sessions))

    return list(made())
