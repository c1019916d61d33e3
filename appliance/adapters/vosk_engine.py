"""Vosk as a recognizer: streaming, with word times and confidences."""

import json
import tempfile
from pathlib import Path
from typing import Any, Final

import msgspec
import vosk

from appliance.adapters.process_copy import in_a_copy
from appliance.events import SAMPLE_RATE_HZ, Word
from appliance.models.kaldi_conf import with_short_chunks
from appliance.speech.frames import samples

SILENT: Final = -1
"""Kaldi's log level for errors alone: its warnings name no call and fill the journal."""

LOOK_TIMEOUT_S: Final = 1.0
"""For the words of a look ahead, which take a tenth of that on a fast machine; later they are no news any more."""

PATIENT_LOOK_S: Final = 15.0
"""Where the line waits for the words: what comes of a call must not depend on what else the machine does. Less than
what a worker may take for one answer (`recognizer_worker.HUNG_S`)."""

LONGEST_AGAIN_MS: Final = 8_000
"""Of an utterance that may be heard a second time: well within the audio that may wait, also on a slow box."""


def load(folder: Path) -> vosk.Model:
    """Load a model; it may be used across a fork. An installed model stays as it is: its options are read elsewhere."""
    vosk.SetLogLevel(SILENT)
    with tempfile.TemporaryDirectory(prefix="undertone-model-") as view:
        return vosk.Model(str(_in_short_chunks(folder, Path(view))))


def _in_short_chunks(folder: Path, view: Path) -> Path:
    """Lay out the model with the options that it is to be heard with."""
    for part in folder.iterdir():
        (view / part.name).symlink_to(part.resolve())
    options = folder / "conf" / "model.conf"
    if not options.is_file():
        return view
    (view / "conf").unlink()
    (view / "conf").mkdir()
    for conf in (folder / "conf").iterdir():
        (view / "conf" / conf.name).symlink_to(conf.resolve())
    (view / "conf" / options.name).unlink()
    (view / "conf" / options.name).write_text(with_short_chunks(options.read_text("utf-8", "replace")), "utf-8")
    return view


class VoskRecognizer:
    """See `speech.recognizer.Recognizer`. Gives a partial for each piece of audio that changed the words."""

    def __init__(self, model: vosk.Model, look_timeout_s: float = LOOK_TIMEOUT_S) -> None:
        self._look_timeout_s = look_timeout_s
        self._kaldi = vosk.KaldiRecognizer(model, SAMPLE_RATE_HZ)
        self._kaldi.SetWords(True)  # noqa: FBT003 - Vosk takes it so
        self._start_sample: int | None = None
        self._until_sample = 0
        self._heard_samples = 0
        self._heard_before = 0
        self._partial = ""
        self._pieces: list[bytes] = []
        self._ahead: tuple[Word, ...] | None = None
        """The final words, worked out in a pause."""

    def hear(self, sample: int, pcm: bytes, *, wants_partial: bool = True) -> tuple[Word, ...] | None:
        """See `Recognizer`. The words of a partial have estimated times, for Vosk gives none yet."""
        if self._start_sample is None:
            self._start_sample, self._heard_before = sample, self._heard_samples
        elif self._ahead is not None:
            self._hear_again()
        self._pieces.append(pcm)
        self._until_sample = sample + len(pcm) // 2
        self._accept(pcm)
        if not wants_partial:
            return None
        text = json.loads(self._kaldi.PartialResult()).get("partial", "")
        if text == self._partial:
            return None
        self._partial = text
        return estimate_times(text.split(), self._start_sample, self._until_sample)

    def end_utterance(self) -> tuple[Word, ...]:
        """See `Recognizer`."""
        words = self._finish() if self._ahead is None else self._ahead
        self._start_sample, self._partial, self._ahead = None, "", None
        self._pieces.clear()
        return words

    def pause(self) -> tuple[Word, ...] | None:
        """See `Recognizer`. Vosk can finish an utterance but not go on with it: if speech resumes, it is heard again.

        That is rare, and quick for a short one, whose words are all known by then; a long one is left alone.
        """
        if self._start_sample is None:  # a worker before this one heard it all
            return None
        if self._ahead is None and sum(map(len, self._pieces)) <= 2 * samples(LONGEST_AGAIN_MS):
            self._ahead = self._finish()
        return self._ahead

    def look(self) -> tuple[Word, ...] | None:
        """See `Recognizer`. A copy of the process finishes the utterance, for Vosk can't and go on."""
        if self._start_sample is None:
            return None
        if self._ahead is not None:
            return self._ahead
        answer = in_a_copy(lambda: msgspec.msgpack.encode(self._finish()), self._look_timeout_s)
        return msgspec.msgpack.decode(answer, type=tuple[Word, ...]) if answer else None

    def _finish(self) -> tuple[Word, ...]:
        result = json.loads(self._kaldi.FinalResult()).get("result", [])
        return tuple(_word(item, self._start_sample or 0, self._heard_before) for item in result)

    def _hear_again(self) -> None:
        self._ahead, self._heard_before = None, self._heard_samples
        for piece in self._pieces:  # in the same steps, which some of Kaldi's estimates depend on
            self._accept(piece)

    def _accept(self, pcm: bytes) -> None:
        self._heard_samples += len(pcm) // 2
        # Its answer says whether Vosk would end the utterance here; ours is the endpointer's decision.
        self._kaldi.AcceptWaveform(pcm)


def _word(item: dict[str, Any], start_sample: int, heard_before: int) -> Word:
    """Vosk counts seconds of all audio that it was given; the utterance began after `heard_before` samples of it."""

    def position(time_s: float) -> int:
        return max(0, start_sample + round(time_s * SAMPLE_RATE_HZ) - heard_before)

    return Word(item["word"], position(item["start"]), position(item["end"]), round(item["conf"], 3))


def estimate_times(texts: list[str], start_sample: int, end_sample: int) -> tuple[Word, ...]:
    """Lay words evenly over a span by their length in letters, for engines that give no word times."""
    total = sum(map(len, texts)) + len(texts)
    words, at = [], 0
    for text in texts:
        begin = start_sample + (end_sample - start_sample) * at // total
        at += len(text) + 1
        end = start_sample + (end_sample - start_sample) * at // total
        words.append(Word(text, begin, end, estimated=True))
    return tuple(words)
