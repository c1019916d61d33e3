"""Moonshine as a recognizer: utterance by utterance; a partial is a decoding of the utterance so far."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from appliance.adapters.vosk_engine import estimate_times
from appliance.events import SAMPLE_RATE_HZ, Word
from appliance.speech.frames import samples

PARTIAL_EVERY_MS: Final = 500
"""Each partial decodes the whole utterance again, about 0.1 s of work for each second of it: twice a second is what a
box can carry for two sides."""

LONGEST_MS: Final = 30_000
"""The model was trained on cuts of up to half a minute; the endpointer's greatest length is below this."""


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
        words = self._decode()
        if (texts := tuple(word.text for word in words)) == self._partial:
            return None
        self._partial = texts
        return words

    def end_utterance(self) -> tuple[Word, ...]:
        """See `Recognizer`."""
        words = self._decode() if self._audio else ()
        self._start_sample, self._decoded_samples, self._partial = None, 0, ()
        self._audio.clear()
        return words

    @property
    def _heard_samples(self) -> int:
        return len(self._audio) // 2

    def _decode(self) -> tuple[Word, ...]:
        signal = np.frombuffer(bytes(self._audio), "<i2").astype(np.float32) / 32768
        lines = self._transcriber.transcribe_without_streaming(signal, SAMPLE_RATE_HZ).lines
        # Of a breath it makes a question mark; that is not a word.
        texts = [text for line in lines for text in line.text.split() if any(map(str.isalnum, text))]
        start = self._start_sample or 0
        return estimate_times(texts, start, start + self._heard_samples)
