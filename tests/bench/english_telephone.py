"""What Moonshine hears of English telephone calls, as they are and cut to the telephone band, and its loops.

The calls are the shipped ones and, with `--data`, those below that folder: 8 kHz WAV with a truth in English, for the
loops also those without. A loop is counted once for each hypothesis, partial or final, that held one as the engine gave
it ("before"), and as our recognizer gave it ("after"). Band-limited calls are heard for their finals alone.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from appliance.adapters import moonshine_engine
from appliance.adapters.recording import Recording
from appliance.errors import BadInputError
from appliance.events import SAMPLE_RATE_HZ, Word
from appliance.language.repetition import find_loop
from appliance.speech.recognizer import Recognizer
from tests.bench import hearing, lines
from tests.bench.bench_recognition import ENGLISH
from tests.bench.error_rate import read_truth, word_error_rate
from tests.bench.options import SkippedError, say
from tests.bench.rows import Row, row

BAND_HZ: Final = (300, 3400)


class Count:
    """Hypotheses, and how many of them held a loop, before mending and after."""

    def __init__(self) -> None:
        self.hypotheses = self.before = self.after = 0


def rows(data: Path | None) -> list[Row]:
    """Measure all calls; empty, with a word on stderr, where Moonshine is missing."""
    try:
        folder = hearing.choose(ENGLISH[0], "en", "moonshine").folder
    except SkippedError as why:
        say(f"Moonshine skipped: {why}; {why.mend}")
        return []
    return list(_rows(moonshine_engine.load(folder), folder, _calls(data)))


def _rows(transcriber: Any, folder: Path, calls: list[Path]) -> Iterator[Row]:
    whole, limited = Count(), Count()
    errors: dict[str, list[tuple[float, int]]] = {"as_it_is": [], "band_limited": []}
    with tempfile.TemporaryDirectory() as place:
        for call in calls:
            cut = lines.over_line(call, Path(place) / call.name, lines.band_limited(BAND_HZ))
            for name, recording, count in (("as_it_is", call, whole), ("band_limited", cut, limited)):
                say(f"{call.name}, {name}: Moonshine")
                heard = _heard(transcriber, folder, recording, count, partials=count is whole)
                if call.with_suffix(".truth.json").is_file():
                    truth = read_truth(call)
                    words = len(" ".join(truth.values()).split())
                    errors[name].append((word_error_rate(truth, heard), words))
    for name, measured in errors.items():
        error = sum(rate * words for rate, words in measured) / sum(words for _, words in measured)
        yield row(f"telephone.english.{name}.error", error, f"per word, {len(measured)} calls")
    for name, count in (("", whole), ("band_limited.", limited)):
        unit = f"of {count.hypotheses} hypotheses, {len(calls)} calls"
        yield row(f"telephone.english.{name}loops_before_mending", count.before, unit)
        yield row(f"telephone.english.{name}loops", count.after, unit, bar="value <= 0")


def _calls(data: Path | None) -> list[Path]:
    shipped = {call.name for call in ENGLISH}
    more = [file for file in sorted(data.rglob("*.wav")) if file.name not in shipped] if data else []
    return [*ENGLISH, *(file for file in more if _is_english_call(file))]


def _is_english_call(file: Path) -> bool:
    try:
        call = Recording(file)
    except BadInputError:
        return False
    truth = file.with_suffix(".truth.json")
    language = json.loads(truth.read_text("utf-8")).get("language", "en") if truth.is_file() else "en"
    return call.band == "narrow" and len(call.sides) == 2 and str(language).startswith("en")


def _heard(
    transcriber: Any,
    folder: Path,
    recording: Path,
    count: Count,
    *,
    partials: bool,
) -> dict[str, str]:
    def new_recognizer() -> Recognizer:
        return _Watched(transcriber, count, partials=partials)

    return hearing.hear(recording, hearing.Engine("moonshine", folder, new_recognizer))


class _Watched:
    """Moonshine as the device has it; looks at what goes in and what comes out."""

    def __init__(self, transcriber: Any, count: Count, *, partials: bool) -> None:
        self._transcriber, self._count, self._partials = transcriber, count, partials
        self._recognizer = moonshine_engine.MoonshineRecognizer(self)
        self._is_first = True
        self._heard_samples = 0

    def hear(self, sample: int, pcm: bytes, *, wants_partial: bool = True) -> tuple[Word, ...] | None:
        self._is_first = True
        self._heard_samples += len(pcm) // 2
        words = self._recognizer.hear(sample, pcm, wants_partial=wants_partial and self._partials)
        self._look(words or ())
        return words

    def look(self) -> None:
        return None

    def pause(self) -> None:
        self._recognizer.pause()

    def end_utterance(self) -> tuple[Word, ...]:
        self._is_first = True
        words = self._recognizer.end_utterance()
        self._look(words)
        self._heard_samples = 0
        return words

    def transcribe_without_streaming(self, signal: np.ndarray[Any, Any], rate_hz: int) -> Any:
        """Stand where the engine stands; the first decoding of each call is that of the whole utterance."""
        transcript = self._transcriber.transcribe_without_streaming(signal, rate_hz)
        if self._is_first:
            text = " ".join(line.text for line in transcript.lines)
            self._count.hypotheses += 1
            self._count.before += find_loop(text, len(signal) / rate_hz) is not None
            self._is_first = False
        return transcript

    def _look(self, words: tuple[Word, ...]) -> None:
        text = " ".join(word.text for word in words)
        self._count.after += find_loop(text, self._heard_samples / SAMPLE_RATE_HZ) is not None
