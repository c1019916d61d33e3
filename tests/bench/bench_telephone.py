"""What a wideband model hears of a telephone call, with and without a telephone front before it.

Every error rate is that of the device's own parts (detector, endpointer, recognizer) with Vosk's Korean model, adapted
afresh into a folder of its own; the peer is plain Vosk with the wideband model. Noise is white over the whole band of
the recording, so many decibels below the speech, on the telephone and on the wideband call alike.
"""

import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from appliance.adapters import model_adapt, model_store, paths, vosk_engine
from appliance.adapters.recording import Recording
from appliance.models.front import Front
from appliance.models.manifest import ADAPTED_SUFFIX
from tests.bench import english_telephone, hearing, lines
from tests.bench.bench_recognition import CALLS, ERROR_BAR, KOREAN, PEER, plain
from tests.bench.error_rate import character_error_rate, read_truth
from tests.bench.options import Options, say
from tests.bench.rows import Row, row

TELEPHONE: Final = CALLS / "billing_ko.wav"
MODEL: Final = "vosk-model-small-ko-0.22"

GENERAL_BAR: Final = 0.42
SHIPPED_BAR: Final = 0.34
TAUGHT_BAR: Final = 0.27
ALAW_BAR: Final = 0.02
LOST_BAR: Final = 0.06
"""Above the clean telephone call."""

COST_BAR: Final = 1.1
LATENCY_BAR_MS: Final = 30.0
LATENCY_TURN_S: Final = 3.0
LATENCY_TURNS: Final = 20


def rows(options: Options) -> list[Row]:
    """Measure the fronts that ship, worse lines, cost, and Moonshine on English calls."""
    source = hearing.choose(KOREAN, "ko", "vosk").folder
    with tempfile.TemporaryDirectory(dir=paths.home()) as folder:
        store = Path(folder) / "models"
        # Most of a model is its graph, and nothing here writes to it.
        shutil.copytree(source, store / MODEL, copy_function=_share)
        return [*_rows(options, source, store), *english_telephone.rows(options.data)]


def _rows(options: Options, source: Path, store: Path) -> Iterator[Row]:
    deaf = _plain_error(source, TELEPHONE)
    general = _adapted(store, model_adapt.general_front())
    yield _row("general", _error(general, TELEPHONE), deaf, GENERAL_BAR)
    shipped = _adapted(store, None)
    clean = _error(shipped, TELEPHONE)
    yield _row("shipped", clean, deaf, SHIPPED_BAR)
    yield _taught_row(deaf, clean)
    wide = _plain_error(source, KOREAN)
    chosen = hearing.choose(KOREAN, "ko")
    yield _row(
        "wide_by_choice", character_error_rate(read_truth(KOREAN), hearing.hear(KOREAN, chosen)), wide, wide + ERROR_BAR
    )
    yield from _line_rows(store.parent, source, shipped, clean)
    yield from _cost_rows(options.repeats, source, shipped)


def _row(name: str, value: float, peer_value: float, bar: float) -> Row:
    bar_text = f"value <= {bar:.3f}"
    return row(f"telephone.{name}.error", value, "per character", peer=PEER, peer_value=peer_value, bar=bar_text)


def _taught_row(deaf: float, shipped: float) -> Row:
    """Tell of the front that was taught with the model's own layers: this machine's, or else the shipped one."""
    place = model_store.installed(MODEL + ADAPTED_SUFFIX)
    adapted = model_store.manifest_of(place).adapted if place else None
    own = place if adapted and "own layers" in adapted.method else None
    return _row("own_layers", _error(own, TELEPHONE) if own else shipped, deaf, TAUGHT_BAR)


def _line_rows(folder: Path, source: Path, shipped: Path, clean: float) -> Iterator[Row]:
    """Measure worse lines against the clean one, noise against the wideband model in the same noise."""
    for name, line, bar in (("alaw", lines.alaw, ALAW_BAR), ("lost_3_percent", lines.losing(0.03), LOST_BAR)):
        recording = lines.over_line(TELEPHONE, folder / f"{name}.wav", line)
        yield _row(name, _error(shipped, recording), _plain_error(source, recording), clean + bar)
    for level_db in (20, 10):
        recording = lines.over_line(TELEPHONE, folder / "narrow.wav", lines.noisy(level_db))
        peer = _plain_error(source, lines.over_line(KOREAN, folder / "wide.wav", lines.noisy(level_db)))
        yield row(
            f"telephone.noise_{level_db}_db.error",
            _error(shipped, recording),
            "per character",
            peer="plain Vosk, wideband call in the same noise",
            peer_value=peer,
            bar="ratio <= 1",
        )


def _cost_rows(repeats: int, source: Path, shipped: Path) -> Iterator[Row]:
    """Compare what the two models cost where both understand what they hear."""
    peer = "plain Vosk on the wideband call"
    costs: dict[Path, list[float]] = {source: [], shipped: []}
    for number in range(1, repeats + 1):
        say(f"CPU, {number} of {repeats}")
        for model, recording in ((source, KOREAN), (shipped, TELEPHONE)):
            costs[model].append(plain(model, recording).finish().run_cpu_s)
    ours, theirs = min(costs[shipped]), min(costs[source])
    yield row("telephone.cpu", ours, "CPU s", peer=peer, peer_value=theirs, bar=f"ratio <= {COST_BAR}")
    ours, theirs = _final_ms(shipped, TELEPHONE), _final_ms(source, KOREAN)
    bar = f"value <= {theirs + LATENCY_BAR_MS:.1f}"
    yield row("telephone.final", ours, "ms", peer=peer, peer_value=theirs, bar=bar)


def _final_ms(folder: Path, recording: Path) -> float:
    """Give the median time from the end of an utterance to its final hypothesis."""
    model = vosk_engine.load(folder)
    recognizer = vosk_engine.VoskRecognizer(model)
    pcm = b"".join(step[0].pcm for step in Recording(recording).frames())
    length = int(LATENCY_TURN_S * 32_000)
    took = []
    for number in range(min(LATENCY_TURNS, len(pcm) // length)):
        turn = pcm[number * length : (number + 1) * length]
        for at in range(0, length, 6_400):
            recognizer.hear((number * length + at) // 2, turn[at : at + 6_400])
        began_s = time.perf_counter()
        recognizer.end_utterance()
        took.append((time.perf_counter() - began_s) * 1000)
    return statistics.median(took)


def _adapted(store: Path, front: Front | None) -> Path:
    """Adapt afresh, and keep the result under a name of its own."""
    place = model_adapt.adapt(MODEL, front=front, folder=store, say=say)
    return place.rename(store.parent / f"{front.provenance.name if front else 'shipped'}")


def _error(folder: Path, recording: Path) -> float:
    say(f"{recording.name}: the device with {folder.name}")
    engine = hearing.Engine("vosk", folder, hearing.load("vosk", folder))
    return character_error_rate(read_truth(TELEPHONE), hearing.hear(recording, engine))


def _plain_error(folder: Path, recording: Path) -> float:
    say(f"{recording.name}: plain Vosk")
    heard = json.loads(plain(folder, recording).finish().output)
    return character_error_rate(read_truth(TELEPHONE), heard)


def _share(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
