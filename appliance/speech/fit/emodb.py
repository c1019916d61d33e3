"""The recordings of EmoDB (Burkhardt et al., 2005): ten actors, ten German sentences, seven emotions.

The name of a file tells what it holds: two digits for the speaker, three letters and digits for the sentence, a letter
for the emotion, a letter for the version: `03a01Wa.wav`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from appliance.adapters.recording import Recording
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.pitch import Values

EMOTIONS: Final = {
    "W": "anger",
    "N": "neutral",
    "L": "boredom",
    "T": "sadness",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
}
"""By the letters of the files: the emotions' German names."""

LONGEST_S: Final = 2.0
"""Of each recording: so that their lengths, which differ by emotion in some copies of EmoDB, teach nothing."""

ACTIVE_DBFS: Final = -26.0
"""Level of the speech in every recording (ITU-T P.56 names it for telephony): loudness must teach nothing."""

SPEECH_DB: Final = 25.0
"""Blocks that far below the loudest are pauses, which the level of speech leaves out."""

BLOCK_SAMPLES: Final = 320


class Acted(NamedTuple):
    """One recording: samples of 16 bits' scale at 16 kHz, without the silence at its ends."""

    speaker: str
    emotion: str
    audio: Values


def read_emodb(folder: Path) -> Iterator[Acted]:
    """Give every recording below the folder in the order of their names; raises `BadInputError` without any."""
    files = [file for file in sorted(folder.rglob("*.wav")) if len(file.stem) == 7 and file.stem[5] in EMOTIONS]
    if not files:
        raise BadInputError("no recordings of EmoDB", where=str(folder), mend="name the folder with 03a01Wa.wav")
    for file in files:
        yield Acted(file.stem[:2], EMOTIONS[file.stem[5]], cut(read(file)))


def read(file: Path) -> Values:
    """Give a recording with one channel."""
    pcm = b"".join(step[0].pcm for step in Recording(file).frames())
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def cut(audio: Values) -> Values:
    """Take the digital silence from both ends, and keep no more than `LONGEST_S`."""
    heard = np.flatnonzero(audio)
    return audio[heard[0] : heard[-1] + 1][: int(LONGEST_S * SAMPLE_RATE_HZ)] if len(heard) else audio


def levelled(audio: Values) -> Values:
    """Bring the speech in the audio to `ACTIVE_DBFS`."""
    powers = np.square(audio[: len(audio) // BLOCK_SAMPLES * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES)).mean(axis=1)
    speech = powers[powers >= powers.max() / 10 ** (SPEECH_DB / 10)].mean()
    gain = 32768 * 10 ** (ACTIVE_DBFS / 20) / float(np.sqrt(speech))
    return audio * gain
