"""Moonshine as a recognizer: utterance by utterance; a partial is a decoding of the utterance so far.

It can be caught in a loop and say one word to the end of the utterance ("side side side side" for "five five five
five"). A final that holds a loop is decoded again in two parts, cut where it is quietest, and these likewise, until the
loop is gone or the parts are short; then, as in a partial at once, what is looped is said once.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from appliance.adapters.vosk_engine import estimate_times
from appliance.events import SAMPLE_RATE_HZ, Word
from appliance.language.repetition import find_loop, without_loops
from appliance.speech.frames import samples

PARTIAL_EVERY_MS: Final = 500
"""Each partial decodes the whole utterance again, about 0.1 s of work for each second of it: twice a second is what a
box can carry for two sides."""

LONGEST_MS: Final = 30_000
"""The model was trained on cuts of up to half a minute; the endpointer's greatest length is below this."""

SHORTEST_CUT_MS: Final = 1_200
"""In less there is too little for the model to go by."""

PAUSE_MS: Final = 100
"""What counts as one quiet place: shorter ones are the stops inside words."""

Signal = NDArray[np.float32]


def load(folder: Path) -> Any:  # noqa: ANN401 - the package ships no types
    """Load a model. It has threads of its own, so it must be loaded in the process that uses it."""
    from moonshine_voice import ModelArch, Transcriber  # noqa: PLC0415 - an extra that a box may lack

    options = {"identify_speakers": "false", "vad_threshold": "0.0"}
    return Transcriber(str(folder), ModelArch.TINY, options=options)


class MoonshineRecognizer:
    """See `speech.recognizer.Recognizer`. Words have estimated times and no confidence, for Moonshine gives none."""

    def __init__(self, transcriber: Any) -> None:  # noqa: ANN401 - the package ships no types
        self._transcriber = transcriber
        self._start_sample: int | None = None
        self._audio = bytearray()
        self._decoded_samples = 0
        self._partial: tuple[str, ...] = ()

    def hear(self, sample: int, pcm: bytes, *, wants_partial: bool = True) -> tuple[Word, ...] | None:
        """See `Recognizer`."""
        if self._start_sample is None:
            self._start_sample = sample
        self._audio += pcm
        del self._audio[: -2 * samples(LONGEST_MS)]
        is_due = self._heard_samples - self._decoded_samples >= samples(PARTIAL_EVERY_MS)
        if not wants_partial or not is_due:
            return None
        self._decoded_samples = self._heard_samples
        words = self._words(self._partial_text)
        if (texts := tuple(word.text for word in words)) == self._partial:
            return None
        self._partial = texts
        return words

    def pause(self) -> None:
        """See `Recognizer`. Nothing is told ahead: decoding takes as long as the pause does."""

    def look(self) -> None:
        """See `Recognizer`. A partial is already what the audio so far would give."""

    def end_utterance(self) -> tuple[Word, ...]:
        """See `Recognizer`."""
        words = self._words(self._final_text) if self._audio else ()
        self._start_sample, self._decoded_samples, self._partial = None, 0, ()
        self._audio.clear()
        return words

    @property
    def _heard_samples(self) -> int:
        return len(self._audio) // 2

    def _words(self, text_of: Callable[[Signal], str]) -> tuple[Word, ...]:
        signal = np.frombuffer(bytes(self._audio), "<i2").astype(np.float32) / np.float32(32768)
        # Of a breath it makes a question mark; that is not a word.
        texts = [text for text in text_of(signal).split() if any(map(str.isalnum, text))]
        start = self._start_sample or 0
        return estimate_times(texts, start, start + self._heard_samples)

    def _partial_text(self, signal: Signal) -> str:
        return without_loops(self._decode(signal), len(signal) / SAMPLE_RATE_HZ)

    def _final_text(self, signal: Signal) -> str:
        text, duration_s = self._decode(signal), len(signal) / SAMPLE_RATE_HZ
        if not find_loop(text, duration_s):
            return text
        if len(signal) < 2 * samples(SHORTEST_CUT_MS):
            return without_loops(text, duration_s)
        cut = quietest(signal)
        text = f"{self._final_text(signal[:cut])} {self._final_text(signal[cut:])}"
        return without_loops(text, duration_s)

    def _decode(self, signal: Signal) -> str:
        lines = self._transcriber.transcribe_without_streaming(signal, SAMPLE_RATE_HZ).lines
        return " ".join(line.text for line in lines)


def quietest(signal: Signal) -> int:
    """Give the middle of the quietest place in the middle half of a signal, no shorter a cut from either end."""
    length = samples(PAUSE_MS)
    first = max(len(signal) // 4, samples(SHORTEST_CUT_MS))
    last = max(first + length, len(signal) - first)
    power = np.convolve(signal[first:last] ** 2, np.ones(length, np.float32), "valid")
    return first + int(np.argmin(power)) + length // 2
