"""Whether music on hold is kept from the recognizer, and nobody's words with it.

Speech is every recording of `--data` and the shipped calls, as it is and over a simulated telephone. Music is made here
(`tests.speech.tunes`) and, where Debian's package asterisk-moh-opsound-wav is installed, real music on hold.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from appliance.adapters.recording import Recording
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.fit.telephone import PLAIN, through
from appliance.speech.frames import FRAME_SAMPLES
from appliance.speech.hold import HoldGate, Passed
from appliance.speech.pitch import Values
from tests.bench.bench_recognition import CALLS
from tests.bench.options import Options, say
from tests.bench.rows import Row, row
from tests.speech.tunes import TUNES
from tests.speech.voices import frames, side_of

INSTALLED_MUSIC: Final = Path("/usr/share/asterisk/moh")
TUNE_S: Final = 60.0
NOT_SPEECH: Final = frozenset({"noise", "sip"})
"""Folders of `--data` that hold something else."""

OVER_MUSIC_DB: Final = 6.0
"""By how much an announcement is louder than the music under it; it is mostly more."""


def rows(options: Options) -> list[Row]:
    """Measure speech, then music, then speech over music."""
    return [*_speech_rows(options.data), *_music_rows(), *_over_music_rows()]


def _speech_rows(data: Path | None) -> Iterator[Row]:
    heard_s = held_s = late_s = 0.0
    for name, voice in _voices(data):
        say(f"speech: {name}")
        for audio in (voice, through(PLAIN, voice, seed=1)):
            passed = _gate(audio)
            heard_s += len(audio) / SAMPLE_RATE_HZ
            held_s += _held_s(passed)
            late_s += sum(not one.frames for one in passed) * FRAME_SAMPLES / SAMPLE_RATE_HZ
    yield row("hold.speech_heard", heard_s / 60, "min")
    yield row("hold.speech_taken_for_music", held_s, "s", bar="value <= 0")
    yield row("hold.speech_late", late_s, "s")


def _music_rows() -> Iterator[Row]:
    made = [_gate(audio) for tune in TUNES.values() for audio in _both(tune(TUNE_S))]
    yield row("hold.made_music_held_back", _share(made), "of it", bar="value >= 0.9")
    files = sorted(INSTALLED_MUSIC.glob("*.wav"))
    if not files:
        say("real music skipped: apt install asterisk-moh-opsound-wav")
        return
    real = [_gate(audio) for file in files for audio in _both(_audio(file)[: int(2 * TUNE_S * SAMPLE_RATE_HZ)])]
    yield row("hold.real_music_held_back", _share(real), "of it")


def _over_music_rows() -> Iterator[Row]:
    voice = side_of("delivery_ok.wav", "agent")
    loud = np.sqrt(np.mean(np.square(voice[np.abs(voice) > np.abs(voice).max() / 30])))
    for name, tune in TUNES.items():
        music = tune(10.0 + len(voice) / SAMPLE_RATE_HZ)
        music *= loud / np.sqrt(np.mean(np.square(music))) * 10 ** (-OVER_MUSIC_DB / 20)
        start = len(music) - len(voice)
        music[start:] += voice
        heard = {frame.sample for passed in _gate(music) for frame, _ in passed.frames}
        said = [start + at for at in range(0, len(voice) - FRAME_SAMPLES, FRAME_SAMPLES) if _is_loud(voice, at, loud)]
        # Frames of the mixture lie on the grid of its beginning.
        lost = sum(at // FRAME_SAMPLES * FRAME_SAMPLES not in heard for at in said)
        yield row(f"hold.words_lost_over_{name.replace(' ', '_')}", lost / len(said), "of them")


def _voices(data: Path | None) -> Iterator[tuple[str, Values]]:
    for file in sorted(CALLS.glob("*.wav")):
        for side in Recording(file).sides:
            yield f"{file.stem} {side}", side_of(file.name, side)
    files = sorted(data.rglob("*.wav")) if data else []
    for folder in dict.fromkeys(file.parent for file in files if not NOT_SPEECH & set(file.parts)):
        # One after the other without a break, which is harder than each alone.
        yield folder.name, np.concatenate([_audio(file) for file in files if file.parent == folder])


def _audio(file: Path) -> Values:
    try:
        steps = Recording(file).frames()
    except BadInputError as error:
        say(f"{file.name} skipped: {error}")
        return np.zeros(0)
    pcm = b"".join(frame.pcm for step in steps for frame in sorted(step)[:1])
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def _both(audio: Values) -> tuple[Values, Values]:
    return audio, through(PLAIN, audio, seed=1)


def _gate(audio: Values) -> list[Passed]:
    gate = HoldGate()
    return [*(gate.receive_frame(frame, voiced=True) for frame in frames(audio)), gate.receive_end()]


def _held_s(passed: Iterable[Passed]) -> float:
    spans = [one.held for one in passed if one.held and one.held.is_over]
    return sum(held.end_sample - held.start_sample for held in spans) / SAMPLE_RATE_HZ


def _share(runs: list[list[Passed]]) -> float:
    heard = sum(len(passed) - 1 for passed in runs) * FRAME_SAMPLES / SAMPLE_RATE_HZ
    return sum(map(_held_s, runs)) / heard


def _is_loud(voice: Values, at: int, loud: float) -> bool:
    frame = voice[at : at + FRAME_SAMPLES]
    return float(np.sqrt(np.mean(np.square(frame)))) > loud / 3
