"""Alerts on whole calls, through the device's pipeline, against what the calls' truth says must come.

A turn's `expect` names what must be raised while it is spoken or soon after: `escalate:...` and `attention:...` by
words, `stress_high` by the voice. An alert that was standing already counts as well. Whatever else is raised is false,
but for what `ALSO_RIGHT` grants, which the truths leave out: people who read them agree that it is so.
"""

import asyncio
import json
import os
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import appliance
from appliance.adapters.preparation import prepare
from appliance.cli.rules_try import changes, run_trial
from appliance.config import Settings, SpeechSettings
from appliance.errors import BadInputError
from appliance.events import Alert, Event, PhraseHit, seconds
from appliance.light_settings import NO_LIGHT
from appliance.line_settings import RecordingSettings
from tests.bench.options import Options, say
from tests.bench.rows import Row, row
from tests.calls.golden import home_for

CALLS: Final = Path(appliance.__file__).parent / "calls"

MEANT: Final[dict[str, str]] = {
    "escalate:supervisor": "wants_supervisor",
    "escalate:manager": "wants_supervisor",
    "escalate:cancel": "wants_to_cancel",
    "escalate:lawyer": "threatens_legal_action",
    "attention:repeat_contact": "called_before",
    "attention:vulnerability": "needs_care",
    "stress_high": "furious",
}
"""Which rule of the shipped packs an expectation is about; what is not here is nothing to alert of."""

ALSO_RIGHT: Final[dict[str, set[str]]] = {
    "billing_dispute": {"called_before", "tired_of_waiting", "upset"},
    "billing_ko": {"tired_of_waiting"},
    "billing_ko_16k": {"tired_of_waiting"},
    "furious_plain_words": {"upset", "angry_words"},
}
"""Said in these calls, though their truths do not name it: "called twice about this already", "are you still there",
"I have been waiting for twenty minutes"; and where a voice is furious, the words beside it that are bitter too."""

NOT_HEARD: Final = {("billing_ko_16k", "threatens_legal_action")}
"""The Korean model writes something else for "lawyer" in this wideband recording; over the telephone it is heard."""

POLITE: Final = frozenset({"aws_auto_repairs_40"})
"""Recordings of real people without a truth, in which nobody is upset: whatever is raised is false."""

GRACE_S: Final = 5.0
"""After the turn: the endpointer's hangover, the recognizer's last look, and the voice's window."""

WITHIN_S: Final = 3.0
"""How soon after an outburst began its alert must stand."""


class Outcome(NamedTuple):
    """What one call came to: rules expected and hit, those missed, false alerts, and delays in seconds."""

    call: str
    hit: int
    missed: list[str]
    false: list[str]
    word_delays_s: list[float]
    outburst_delays_s: list[float]


def rows(options: Options) -> list[Row]:
    """Run the shipped calls, and those of `data`, against the shipped packs."""
    outcomes = list(_outcomes(options))
    for one in outcomes:
        say(f"{one.call}: {one.hit} hit; missed: {', '.join(one.missed) or '-'}; false: {', '.join(one.false) or '-'}")
    if not outcomes:
        return []
    hit, missed = sum(one.hit for one in outcomes), sum(len(one.missed) for one in outcomes)
    words = sorted(delay for one in outcomes for delay in one.word_delays_s)
    outbursts = [delay for one in outcomes for delay in one.outburst_delays_s]
    found = [
        row(
            f"calls, alerts hit of {hit + missed} ({len(outcomes)} calls)", hit / (hit + missed), "", bar="value >= 1.0"
        ),
        row("calls, alerts false", sum(len(one.false) for one in outcomes), "", bar="value <= 0"),
    ]
    if words:
        found += [
            row("calls, words to alert, median", statistics.median(words), "s of the call"),
            row("calls, words to alert, longest", words[-1], "s of the call"),
        ]
    if outbursts:
        found.append(
            row("calls, outburst to alert, longest", max(outbursts), "s of the call", bar=f"value <= {WITHIN_S}")
        )
    return found


def _outcomes(options: Options) -> Iterator[Outcome]:
    files = {file.stem: file for folder in (CALLS, options.data) if folder for file in sorted(folder.rglob("*.wav"))}
    for file in files.values():
        truth = file.with_suffix(".truth.json")
        if not truth.is_file() and file.stem not in POLITE:
            continue
        known: dict[str, Any] = json.loads(truth.read_text("utf-8")) if truth.is_file() else {"turns": []}
        say(f"{file.name}: the whole pipeline")
        try:
            with _home(file.stem):
                events = _run(file, known.get("language", "en"))
        except BadInputError as error:
            say(f"{file.name} skipped: {error}; {error.mend}")
            continue
        yield outcome(file.stem, known["turns"], events)


@contextmanager
def _home(call: str) -> Iterator[None]:
    """Use the models of this machine, or those adapted to the call as the golden calls have them."""
    before = os.environ.get("UNDERTONE_HOME")
    with home_for(call) as home:
        os.environ["UNDERTONE_HOME"] = str(home)
        try:
            yield
        finally:
            os.environ.pop("UNDERTONE_HOME")
            if before is not None:
                os.environ["UNDERTONE_HOME"] = before


def _run(file: Path, language: str) -> list[Event]:
    settings = Settings(
        device="bench",
        line=RecordingSettings(file, pace="fast"),
        speech=SpeechSettings(language),
        rules_file=None,
        light=NO_LIGHT,
        central=None,
        state=None,
    )
    return asyncio.run(run_trial(prepare(settings))).events


def outcome(call: str, turns: Sequence[dict[str, Any]], events: Sequence[Event]) -> Outcome:
    """Hold a call's alerts against its truth."""
    alerts = [event for event in events if isinstance(event, Alert) and not _withdrawn(events, event)]
    expected = [(MEANT[what], turn) for turn in turns for what in turn.get("expect", ()) if what in MEANT]
    expected = [(rule, turn) for rule, turn in expected if (call, rule) not in NOT_HEARD]
    missed = [
        f"{rule} at {turn['start_s']:.0f} s" for rule, turn in expected if not _stands(events, alerts, rule, turn)
    ]
    right = {rule for rule, _ in expected} | ALSO_RIGHT.get(call, set())
    return Outcome(
        call,
        len(expected) - len(missed),
        missed,
        [f"{alert.rule} at {seconds(alert.end_sample):.0f} s" for alert in alerts if alert.rule not in right],
        [delay for alert in alerts if (delay := _after_words_s(alert, events)) is not None],
        list(_after_outbursts(alerts, turns)),
    )


def _withdrawn(events: Sequence[Event], alert: Alert) -> bool:
    return any(change.change == "withdrawn" for change in changes(events, alert))


def _stands(events: Sequence[Event], alerts: Sequence[Alert], rule: str, turn: dict[str, Any]) -> bool:
    """Say whether an alert of the rule stood at some time in the turn or soon after it."""
    for alert in alerts:
        cleared = [seconds(one.end_sample) for one in changes(events, alert) if one.change == "cleared"]
        begins, ends = seconds(alert.start_sample), min(cleared, default=float("inf"))
        if alert.rule == rule and begins <= turn["end_s"] + GRACE_S and ends >= turn["start_s"]:
            return True
    return False


def _after_words_s(alert: Alert, events: Sequence[Event]) -> float | None:
    """Give how long after the end of its words, by the final hypothesis, the alert was raised; None without words."""
    said = [item for item in alert.evidence if item.channel == "words" and item.value is None]
    if not said:
        return None
    hits = [
        one
        for one in events
        if isinstance(one, PhraseHit) and one.phrase == said[-1].phrase and one.who == said[-1].who
    ]
    near = min(hits, key=lambda one: abs(one.start_sample - said[-1].start_sample), default=None)
    return None if near is None else seconds(alert.since_sample - near.end_sample)


def _after_outbursts(alerts: Sequence[Alert], turns: Sequence[dict[str, Any]]) -> Iterator[float]:
    """Give for each outburst that follows a calmer turn how long after its beginning the voice's alert was raised."""
    before = 0.0
    for turn in (turn for turn in turns if turn["who"] == "caller"):
        if "stress_high" in turn.get("expect", ()) and before < turn["stress"]:
            raised = [seconds(alert.end_sample) - turn["start_s"] for alert in alerts if alert.rule == "furious"]
            yield from [min((delay for delay in raised if delay >= 0), default=float("inf"))]
        before = turn["stress"]
