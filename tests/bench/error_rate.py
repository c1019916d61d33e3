"""How much of what was said was misheard."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def character_error_rate(truth: Mapping[str, str], heard: Mapping[str, str]) -> float:
    """Give the edits per character of the truth, each side on its own; spaces and punctuation do not count."""
    return _rate(truth, heard, lambda text: re.sub(r"[\W_]", "", text.lower()))


def word_error_rate(truth: Mapping[str, str], heard: Mapping[str, str]) -> float:
    """Give the edits per word of the truth, each side on its own; case and punctuation do not count."""
    return _rate(truth, heard, lambda text: re.sub(r"[^\w\s']|_", " ", text.lower()).split())


def read_truth(recording: Path) -> dict[str, str]:
    """Give all that each side says, from `NAME.truth.json` beside the recording."""
    turns = json.loads(recording.with_suffix(".truth.json").read_text("utf-8"))["turns"]
    sides = {turn["who"] for turn in turns}
    return {side: " ".join(turn["text"] for turn in turns if turn["who"] == side) for side in sides}


def _rate(truth: Mapping[str, str], heard: Mapping[str, str], parts: Callable[[str], Sequence[str]]) -> float:
    wanted = {side: parts(text) for side, text in truth.items()}
    edits = sum(_edits(wanted[side], parts(heard.get(side, ""))) for side in truth)
    return edits / sum(map(len, wanted.values()))


def _edits(left: Sequence[str], right: Sequence[str]) -> int:
    """Give the edit distance (Levenshtein) of two sequences."""
    above = list(range(len(right) + 1))
    for row, item in enumerate(left, start=1):
        line = [row]
        for column, other in enumerate(right, start=1):
            line.append(min(above[column] + 1, line[-1] + 1, above[column - 1] + (item != other)))
        above = line
    return above[-1]
