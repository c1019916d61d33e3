"""How the stress meter behaves in calls: alerts where nobody is upset, how fast an outburst shows, what it costs."""

import math
import time
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final

import numpy as np

from appliance.adapters.vad import VoiceDetector
from appliance.events import SAMPLE_RATE_HZ
from appliance.speech.fit.emodb import levelled
from appliance.speech.fit.stretches import frames
from appliance.speech.fit.telephone import draw_line, through
from appliance.speech.frames import Frame
from appliance.speech.pitch import Values
from appliance.speech.stress import CLIMB, Stress, StressMeter
from tests.bench.emotions import CALM, STRESSED, Spoken, Turn, caller_turns, read_emotions, read_side, without_silence
from tests.bench.options import say
from tests.bench.rows import Row, row
from tests.bench.stress_voices import CALM_TURN, STRESSED_TURN, auc

HOUR_S: Final = 3600
PAUSE_S: Final = 0.4
"""Between two recordings of a speaker, filled with comfort noise."""

COMFORT_DBFS: Final = -72.0
CALM_TURNS: Final = 12
"""Of a speaker before and after an outburst, some twenty seconds."""

OUTBURST_TURNS: Final = 8
CALM_KINDS: Final = CALM | {"boredom"}
FURIOUS: Final = frozenset({"billing_dispute", "billing_ko", "billing_ko_16k", "furious_plain_words"})
"""Scripted calls in which somebody is; all others are calm to their end."""


def rows(data: Path, repeats: int, smile_ms: float | None) -> Iterator[Row]:
    """Give the rows of the calm hour, of the outbursts and of the cost."""
    spoken = [each._replace(audio=without_silence(each.audio)) for each in read_emotions(data)]
    calls = [file for file in sorted((data / "calls").glob("*.wav")) if file.stem not in FURIOUS]
    callers = [read_side(file, "caller") for file in calls]
    say("stress: an hour of calm calls")
    yield from _calm_rows(spoken, callers)
    say("stress: the scripted calls")
    yield _live_row(data)
    say("stress: outbursts")
    yield from _outburst_rows(spoken)
    cpu_ms = min(_cpu_ms(callers) for _ in range(repeats))
    peer = "openSMILE" if smile_ms else ""
    yield row("stress.cpu_per_s", cpu_ms, "ms", peer=peer, peer_value=smile_ms, bar="value <= 2.5")


def _live_row(data: Path) -> Row:
    """Judge each caller's turns by the highest score in them, with the levels as they are on the line."""
    turns = [turn for turn in caller_turns(data) if not CALM_TURN < turn.stress < STRESSED_TURN]
    said = {call: _heard(read_side(data / "calls" / f"{call}.wav", "caller")) for call in {turn.call for turn in turns}}
    highest = np.array([_highest(said[turn.call], turn) for turn in turns])
    known = ~np.isnan(highest)
    stressed = np.array([turn.stress >= STRESSED_TURN for turn in turns])
    value = auc(stressed[known], highest[known])
    return row("stress.auc_scripted_calls_live", value, f"AUC of {known.sum()} turns")


def _highest(verdicts: Sequence[Stress], turn: Turn) -> float:
    """Give the highest score within a turn, or right after it; not a number where nothing was known."""
    last_s = turn.end_s + 1
    return max(
        (
            each.score
            for each in verdicts
            if each.score is not None and turn.start_s + 1 <= each.at_sample / SAMPLE_RATE_HZ <= last_s
        ),
        default=math.nan,
    )


def _calm_rows(spoken: Sequence[Spoken], callers: Sequence[Values]) -> Iterator[Row]:
    voices = [[each.audio for each in voice if each.emotion in CALM_KINDS] for voice in _voices(spoken)]
    turns = [turn for voice in voices for turn in voice]
    alerts, heard_s, number = 0, 0.0, 0
    while heard_s < HOUR_S:
        chance = np.random.default_rng(number)
        for call in [*callers, *(_joined(_shuffled(voice, chance)) for voice in voices)]:
            audio = levelled(through(draw_line(chance), levelled(call), number)) if number else call
            alerts += _alerts(_heard(audio))
            heard_s += len(audio) / SAMPLE_RATE_HZ
        number += 1
    yield row("stress.alerts_in_calm_calls", 3600 * alerts / heard_s, "an hour", bar="value <= 0")
    one = _heard(_joined(turns))
    yield row(
        "stress.alerts_in_one_voice_after_another",
        float(_alerts(one)),
        f"in {len(turns)} turns of {len(voices)} speakers as one caller",
    )


def _outburst_rows(spoken: Sequence[Spoken]) -> Iterator[Row]:
    for corpus, voices in groupby(_voices(spoken), key=lambda voice: voice[0].corpus):
        delays_s, falls_s = list[float](), list[float]()
        for voice in voices:
            for late_s in (0.0, 1 / 3, 2 / 3):
                delay_s, fall_s = _outburst(voice, late_s)
                delays_s.append(delay_s)
                falls_s.append(fall_s)
        within = float(np.mean(np.array(delays_s) <= 3.0))
        yield row(f"stress.outburst_{corpus}", float(np.median(delays_s)), "s, median", bar="value <= 3")
        yield row(f"stress.outburst_{corpus}_within_3_s", within, "of outbursts")
        yield row(f"stress.calm_again_{corpus}", max(falls_s), "s, longest")


def _outburst(voice: Sequence[Spoken], late_s: float) -> tuple[float, float]:
    """Give how long after the beginning of an outburst the level is high, and after its end no longer."""
    calm = [each.audio for each in voice if each.emotion in CALM]
    before = np.concatenate((_noise(late_s), _joined((calm * CALM_TURNS)[:CALM_TURNS])))
    furious = _joined([each.audio for each in voice if each.emotion == STRESSED and each.strong][:OUTBURST_TURNS])
    begins_s = len(before) / SAMPLE_RATE_HZ
    ends_s = begins_s + len(furious) / SAMPLE_RATE_HZ
    verdicts = [
        (each.at_sample / SAMPLE_RATE_HZ, each.level) for each in _heard(np.concatenate((before, furious, before)))
    ]
    high = [at_s - begins_s for at_s, level in verdicts if level == "high" and begins_s <= at_s < ends_s]
    calmer = [at_s - ends_s for at_s, level in verdicts if level != "high" and at_s >= ends_s]
    return (high or [np.inf])[0], (calmer or [np.inf])[0]


def _voices(spoken: Sequence[Spoken]) -> list[list[Spoken]]:
    ordered = sorted(spoken, key=lambda each: each.key)
    return [list(voice) for _, voice in groupby(ordered, key=lambda each: each.key)]


def _alerts(verdicts: Sequence[Stress]) -> int:
    """Count how often the score comes to where the level gets high."""
    high = [False, *(each.score is not None and each.score >= CLIMB["high"] for each in verdicts)]
    return sum(now and not before for before, now in pairwise(high))


def _heard(audio: Values) -> list[Stress]:
    meter, detector = StressMeter(), VoiceDetector()
    verdicts = (meter.receive_frame(frame, voiced=detector.is_voiced(frame)) for frame in frames(audio))
    return [verdict for verdict in verdicts if verdict]


def _cpu_ms(callers: Sequence[Values]) -> float:
    """Give the CPU time of the meter alone for a second of calls."""
    cpu_s, heard_s = 0.0, 0.0
    for audio in callers:
        detector = VoiceDetector()
        judged: list[tuple[Frame, bool]] = [(frame, detector.is_voiced(frame)) for frame in frames(audio)]
        meter, began_s = StressMeter(), time.process_time()
        for frame, voiced in judged:
            meter.receive_frame(frame, voiced=voiced)
        cpu_s += time.process_time() - began_s
        heard_s += len(audio) / SAMPLE_RATE_HZ
    return 1000 * cpu_s / heard_s


def _joined(turns: Sequence[Values]) -> Values:
    return np.concatenate([part for turn in turns for part in (turn, _noise(PAUSE_S))])


def _shuffled(turns: Sequence[Values], chance: np.random.Generator) -> list[Values]:
    return [turns[at] for at in chance.permutation(len(turns))]


def _noise(seconds: float) -> Values:
    return np.random.default_rng(0).normal(0, 32768 * 10 ** (COMFORT_DBFS / 20), int(seconds * SAMPLE_RATE_HZ))
