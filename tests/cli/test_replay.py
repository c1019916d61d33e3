"""`undertone replay` as a person types it. What it says of the shipped calls is in `tests/calls`."""

import json
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from appliance.adapters.recording import Recording
from appliance.cli.replay import describe
from appliance.events import (
    Alert,
    AlertChanged,
    CallContext,
    CallEnded,
    CallStarted,
    Event,
    Evidence,
    Gap,
    Notice,
    PhraseHit,
    StressMeasured,
    TalkMeasured,
    Utterance,
)

from ..adapters.clips import shipped


def undertone(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "appliance", *map(str, words)], capture_output=True, text=True, timeout=100, check=False
    )


def cut(call: str, begin_s: float, end_s: float, path: Path) -> Path:
    """Write a part of a shipped call, both sides."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16_000)
        for agent, caller in Recording(shipped(call)).frames():
            if begin_s < agent.sample / 16_000 < end_s:
                file.writeframes(
                    b"".join(agent.pcm[at : at + 2] + caller.pcm[at : at + 2] for at in range(0, len(agent.pcm), 2))
                )
    return path


@pytest.mark.usefixtures("korean_model", "english_model")
@pytest.mark.parametrize(
    ("call", "language", "begin_s", "end_s"),
    [("billing_ko_16k", "ko", 54.0, 60.0), ("billing_dispute", "en", 68.5, 76.5)],
)
def test_an_angry_caller_gives_the_same_bytes_twice(
    call: str, language: str, begin_s: float, end_s: float, tmp_path: Path
) -> None:
    part = cut(call, begin_s, end_s, tmp_path / "cut.wav")
    once, again = (undertone("replay", part, "--language", language, "--json") for _ in range(2))
    assert (once.returncode, once.stderr) == (0, "")
    assert once.stdout == again.stdout
    events = [json.loads(line) for line in once.stdout.splitlines()]
    assert "urgent" in {event.get("level") for event in events}


def test_a_line_that_no_model_hears_gives_a_call_without_words_and_says_so() -> None:
    done = undertone("replay", shipped("delivery_ok"), "--language", "ko", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    started, notice, *measured, ended = map(json.loads, done.stdout.splitlines())
    assert {event["type"] for event in measured} == {"band", "stress", "talk"}, "the voice is measured all the same"
    bands = [event for event in measured if event["type"] == "band"]
    assert {(event["band"], event["model"]) for event in bands} == {("narrow", "")}
    assert (started["type"], started["model"]) == ("call_started", "")
    assert (notice["type"], notice["code"]) == ("notice", "no_model_hears")
    assert (ended["type"], ended["reason"]) == ("call_ended", "on_hook")
    assert ended["start_s"] == pytest.approx(Recording(shipped("delivery_ok")).duration_s, abs=0.02)


def test_whoever_reads_only_the_beginning_gets_no_complaint() -> None:
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    assert reader.stdin
    reader.wait()
    command = [sys.executable, "-m", "appliance", "replay", str(shipped("delivery_ok")), "--language", "ko"]
    done = subprocess.run(command, stdout=reader.stdin, stderr=subprocess.PIPE, timeout=60, check=False)
    reader.stdin.close()
    assert (done.returncode, done.stderr) == (0, b"")


LINES: list[tuple[Event, str]] = [
    (
        CallStarted(
            who="both",
            start_sample=0,
            end_sample=0,
            line="recording",
            language="ko",
            band="narrow",
            engine="",
            model="",
            rules="x 1",
        ),
        "    0.00  both    call started (ko, narrow band, no speech model)",
    ),
    (
        Utterance(who="caller", start_sample=16_000, end_sample=32_000, number=1, text="Hello.", words=()),
        "    1.00  caller  Hello.",
    ),
    (
        PhraseHit(who="caller", start_sample=16_000, end_sample=32_000, phrase="lawyer", text="my lawyer", utterance=1),
        "    1.00  caller  [phrase lawyer: my lawyer]",
    ),
    (
        Alert(
            who="caller",
            start_sample=16_000,
            end_sample=32_000,
            alert=1,
            rule="legal",
            level="urgent",
            evidence=(Evidence("caller", "lawyer", "my lawyer", 0, 1), Evidence("caller", "court", "in court", 0, 1)),
        ),
        "    1.00  caller  [URGENT legal: my lawyer; in court]",
    ),
    (
        Alert(
            who="caller",
            start_sample=16_000,
            end_sample=32_000,
            alert=1,
            rule="furious",
            level="attention",
            evidence=(Evidence("caller", "stress", "stress 0.83", 0, 1, "voice", 0.83, 0.7),),
            missing=("words",),
        ),
        "    1.00  caller  [ATTENTION furious: stress 0.83; no words to judge]",
    ),
    (
        StressMeasured(
            who="caller",
            start_sample=16_000,
            end_sample=32_000,
            score=0.834,
            confidence=0.9,
            level="high",
            drivers=("pitch +4.1 semitones above own start", "faster"),
        ),
        "    1.00  caller  [stress 0.83 high: pitch +4.1 semitones above own start, faster]",
    ),
    (
        StressMeasured(
            who="caller", start_sample=0, end_sample=0, score=None, confidence=0, level="calm", reason="a bad line"
        ),
        "    0.00  caller  [stress unknown: a bad line]",
    ),
    (
        TalkMeasured(
            who="agent",
            start_sample=0,
            end_sample=0,
            speech_s=12.4,
            talk_share=0.625,
            overtalk_s=1.25,
            interruptions=2,
            longest_silence_s=4,
        ),
        "    0.00  agent   [spoke 12 s, 62% of all speech; over-talk 1.2 s]",
    ),
    (
        CallContext(who="caller", start_sample=0, end_sample=0, tier="gold", queued_s=90.0),
        "    0.00  caller  [caller: gold, waited 90 s in the queue]",
    ),
    (CallContext(who="caller", start_sample=0, end_sample=0), "    0.00  caller  [caller: nothing known]"),
    (
        AlertChanged(
            who="caller",
            start_sample=16_000,
            end_sample=16_000,
            alert=1,
            rule="legal",
            change="cleared",
            level="urgent",
        ),
        "    1.00  caller  [legal cleared]",
    ),
    (
        Gap(who="caller", start_sample=16_000, end_sample=32_000, reason="recognizer_lost"),
        "    1.00  caller  [not heard until 2.00: recognizer_lost]",
    ),
    (Notice(who="both", start_sample=0, end_sample=0, code="x", text="A note."), "    0.00  both    [A note.]"),
    (
        CallEnded(who="both", start_sample=32_000, end_sample=32_000, reason="on_hook"),
        "    2.00  both    call ended (on_hook)",
    ),
]


@pytest.mark.parametrize(("event", "line"), LINES, ids=[type(event).__name__ for event, _ in LINES])
def test_each_event_is_a_line_for_people(event: Event, line: str) -> None:
    assert describe(event) == line
