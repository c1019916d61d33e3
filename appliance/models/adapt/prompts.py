"""Real wideband speech for the training: recordings below a folder, joined to sessions as long as a turn in a call."""

import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from appliance.errors import BadInputError
from appliance.models.adapt.telephone import WIDE_HZ, Audio

SUFFIXES: Final = {".wav", ".flac", ".g722", ".ogg", ".opus", ".mp3", ".m4a"}
SESSION_S: Final = 12.0
"""Long enough for the i-vector to settle."""

SHORTEST_S: Final = 0.4
SILENT_PEAK: Final = 0.02
NARROW_DB: Final = -36.0
"""Power from 4 to 7.5 kHz against 0.4 to 3.2 kHz; no wideband voice that was measured stays below."""

FRAME: Final = 512


class Session(NamedTuple):
    """Several recordings of one speaker (of one folder) joined, with short pauses."""

    speaker: str
    audio: Audio


def find_recordings(folder: Path) -> list[Path]:
    """List the recordings below a folder; raises `BadInputError` when there are none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        kinds = ", ".join(sorted(SUFFIXES))
        raise BadInputError("there are no recordings", where=str(folder), mend=f"name a folder with files of {kinds}")
    return found


def read_recording(path: Path) -> Audio:
    """Decode a recording to one channel of 16 kHz, by ffmpeg unless it is that already; raises `BadInputError`."""
    if path.suffix.lower() == ".wav" and (audio := _read_plain_wav(path)) is not None:
        return audio
    form = ["-f", "g722"] if path.suffix.lower() == ".g722" else []
    command = ["ffmpeg", "-v", "error", "-nostdin", *form, "-i", str(path), "-ac", "1", "-ar", str(WIDE_HZ)]
    try:
        done = subprocess.run([*command, "-f", "s16le", "-"], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise BadInputError("ffmpeg is not installed", mend="apt install ffmpeg") from error
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise BadInputError(
            f"it cannot be decoded ({''.join(last)})", where=str(path), mend="take it out of the folder"
        )
    return np.frombuffer(done.stdout, "<i2") / 32768


def _read_plain_wav(path: Path) -> Audio | None:
    """Read 16-bit mono at 16 kHz, which is what most corpora hold; to start a decoder for each file takes longer."""
    try:
        with wave.open(str(path)) as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, WIDE_HZ):
                return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    except (wave.Error, EOFError):
        pass
    return None


def is_narrow(audio: Audio) -> bool:
    """Tell whether the loud parts of a recording lack what a telephone line does not carry."""
    blocks = audio[: len(audio) // FRAME * FRAME].reshape(-1, FRAME) * np.hanning(FRAME)
    power, hz = np.abs(np.fft.rfft(blocks)) ** 2, np.fft.rfftfreq(FRAME, 1 / WIDE_HZ)
    voice = power[:, (hz >= 400) & (hz < 3200)].sum(axis=1)
    loud = voice > voice.max() / 300
    above = power[:, (hz >= 4000) & (hz < 7500)].sum(axis=1)[loud].sum()
    return bool(10 * np.log10((above + 1e-12) / (voice[loud].sum() + 1e-12)) < NARROW_DB)


def join_sessions(recordings: list[tuple[str, Audio]], chance: np.random.Generator) -> Iterator[Session]:
    """Join recordings, each with its speaker, in random order; leaves out what is too short or silent."""
    waiting: dict[str, list[Audio]] = {}
    for number in chance.permutation(len(recordings)):
        speaker, audio = recordings[number]
        if len(audio) < SHORTEST_S * WIDE_HZ or np.abs(audio).max() < SILENT_PEAK:
            continue
        parts = waiting.setdefault(speaker, [])
        parts += [audio, np.zeros(int(WIDE_HZ * chance.uniform(0.1, 0.5)))]
        if sum(map(len, parts)) >= SESSION_S * WIDE_HZ:
            yield Session(speaker, np.concatenate(waiting.pop(speaker)))
