"""What recognition costs and how well it hears: the device program against Vosk that hears everything.

CPU seconds are those of the whole process tree (see `processes`). Both programs run in turns, several times, and the
least of each counts: whatever else runs on the machine can only add. The first figures leave out start-up and the
loading of the model, which a box does once a day; further rows have them in.

The error rates compare words before redaction, for "[4 digits]" would count as an error of the recognizer.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, get_args

import appliance
from tests.bench import audio, device, hearing
from tests.bench.error_rate import character_error_rate, read_truth, word_error_rate
from tests.bench.options import Options, SkippedError, say
from tests.bench.processes import Program, Usage
from tests.bench.rows import Row, row

CALLS: Final = Path(appliance.__file__).parent / "calls"
KOREAN: Final = CALLS / "billing_ko_16k.wav"
ENGLISH: Final = (CALLS / "billing_dispute.wav", CALLS / "delivery_ok.wav")

DENSE_BAR: Final = "ratio <= 0.72"
HOLD_BAR: Final = "ratio <= 0.45"
ERROR_BAR: Final = 0.003
"""Above the peer's rate: gating must not cost words."""

PEER: Final = "plain Vosk"

UNSPACED: Final = ("ko", "ja", "zh")
"""Languages whose spaces are no safe measure of a word."""


class Costs(NamedTuple):
    """The least that a program used in all repeats; `output` is what it printed."""

    run_cpu_s: float
    whole_cpu_s: float
    output: str


def rows(options: Options) -> list[Row]:
    """Measure Vosk on the Korean call with and without hold; for information Moonshine, and what `data` holds."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            *_vosk_rows(options, Path(folder)),
            *_moonshine_rows(options, Path(folder)),
            *_data_rows(options.data),
        ]


def plain(model: Path, recording: Path) -> Program:
    """Start the peer."""
    return Program(["-m", "tests.bench.plain_vosk", model, recording], "listening")


def _vosk_rows(options: Options, folder: Path) -> Iterator[Row]:
    engine = hearing.choose(KOREAN, "ko", "vosk")
    ours, theirs = _compare(options.repeats, folder, KOREAN, engine.folder)
    yield from _cost_rows("dense", ours, theirs, DENSE_BAR)
    yield _error_row(engine, json.loads(theirs.output))
    for hold in get_args(audio.Hold):
        recording = folder / f"hold_{hold}.wav"
        audio.with_hold(KOREAN, recording, hold)
        yield from _cost_rows(f"hold_{hold}", *_compare(options.repeats, folder, recording, engine.folder), HOLD_BAR)


def _compare(repeats: int, folder: Path, recording: Path, model: Path) -> tuple[Costs, Costs]:
    """Run the device and its peer in turns; gives what each used."""
    ours, theirs = [], []
    for number in range(1, repeats + 1):
        say(f"{recording.name}, {number} of {repeats}: plain Vosk, then the device")
        theirs.append(plain(model, recording).finish())
        ours.append(_run_device(folder, recording, "ko", "vosk"))
    return _least(ours), _least(theirs)


def _cost_rows(name: str, ours: Costs, theirs: Costs, bar: str) -> Iterator[Row]:
    yield row(f"recognition.{name}.cpu", ours.run_cpu_s, "CPU s", peer=PEER, peer_value=theirs.run_cpu_s, bar=bar)
    whole = theirs.whole_cpu_s
    yield row(f"recognition.{name}.cpu_with_start", ours.whole_cpu_s, "CPU s", peer=PEER, peer_value=whole)


def _error_row(engine: hearing.Engine, plain_heard: dict[str, str]) -> Row:
    truth = read_truth(KOREAN)
    peer_value = character_error_rate(truth, plain_heard)
    return row(
        "recognition.dense.error",
        character_error_rate(truth, hearing.hear(KOREAN, engine)),
        "per character",
        peer=PEER,
        peer_value=peer_value,
        bar=f"value <= {peer_value + ERROR_BAR:.4f}",
    )


def _moonshine_rows(options: Options, folder: Path) -> Iterator[Row]:
    for recording in ENGLISH:
        try:
            engine = hearing.choose(recording, "en", "moonshine")
        except SkippedError as why:
            say(f"Moonshine skipped: {why}; {why.mend}")
            return
        say(f"{recording.name}: Moonshine")
        costs = _least([_run_device(folder, recording, "en", "moonshine") for _ in range(options.repeats)])
        name = f"recognition.moonshine.{recording.stem}"
        yield row(f"{name}.cpu", costs.run_cpu_s, "CPU s")
        yield row(f"{name}.error", word_error_rate(read_truth(recording), hearing.hear(recording, engine)), "per word")


def _data_rows(folder: Path | None) -> Iterator[Row]:
    if folder is None:
        return
    recordings = [file for file in sorted(folder.glob("*.wav")) if file.with_suffix(".truth.json").is_file()]
    if not recordings:
        say(f"{folder} skipped: it holds no NAME.wav with NAME.truth.json")
    for recording in recordings:
        say(f"{recording.name}: the device's recognizer")
        try:
            yield _data_row(recording)
        except SkippedError as why:
            say(f"{recording.name} skipped: {why}; {why.mend}")


def _data_row(recording: Path) -> Row:
    language = json.loads(recording.with_suffix(".truth.json").read_text("utf-8")).get("language", "en")
    engine = hearing.choose(recording, language)
    rate, part = (character_error_rate, "character") if language in UNSPACED else (word_error_rate, "word")
    error = rate(read_truth(recording), hearing.hear(recording, engine))
    return row(f"recognition.data.{recording.stem}.{engine.name}.error", error, f"per {part}")


def _run_device(folder: Path, recording: Path, language: str, engine: str) -> Usage:
    with tempfile.TemporaryDirectory(dir=folder) as state:
        settings = device.write_settings(Path(state), recording, language=language, engine=engine, pace="fast")
        return device.start(settings).finish()


def _least(usages: list[Usage]) -> Costs:
    return Costs(min(use.run_cpu_s for use in usages), min(use.cpu_s for use in usages), usages[0].output)
