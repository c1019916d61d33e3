"""`undertone rules try`: a recorded call against a pack, and for each rule what came of it or how near it was."""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from appliance.adapters.line import only_call
from appliance.adapters.preparation import Prepared, prepare
from appliance.call import Call
from appliance.config import Settings, SpeechSettings
from appliance.escalation.ladder import Outlook
from appliance.event_json import to_builtins
from appliance.events import Alert, AlertChanged, Event, seconds
from appliance.light_settings import NO_LIGHT
from appliance.line_settings import RecordingSettings
from appliance.models.choice import EngineChoice
from appliance.session import Output

NEARLY: Final = 0.8
"""Of the way to a threshold; below this, what there was is what any call has."""


class Trial(NamedTuple):
    """What a call made of the rules."""

    events: list[Event]
    outlooks: list[Outlook]


def try_rules(rules: Path, call: Path, language: str, engine: EngineChoice, *, as_json: bool) -> int:
    """Run the recording and print what became of each rule."""
    settings = Settings(
        device="try",
        line=RecordingSettings(call, pace="fast"),
        speech=SpeechSettings(language, engine),
        rules_file=rules,
        light=NO_LIGHT,
        central=None,
        state=None,
    )
    trial = asyncio.run(run_trial(prepare(settings, warm=False)))
    if as_json:
        sys.stdout.write(json.dumps(_as_json(trial), ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in told(trial))
    return 0


async def run_trial(prepared: Prepared) -> Trial:
    """Run the whole call as fast as the machine can."""
    events: list[Event] = []

    def sink(outputs: list[Output]) -> None:
        events.extend(output for output in outputs if isinstance(output, Event))

    if prepared.host:
        await prepared.host.start()
    try:
        line_call = await only_call(prepared.line)
        session = prepared.new_session(line_call)
        await Call(session, line_call, prepared.hosts, sink).run()
    finally:
        await prepared.stop_hosts()
    return Trial(events, session.outlooks)


def told(trial: Trial) -> Iterator[str]:
    """Give the trial as lines for people."""
    alerts = [event for event in trial.events if isinstance(event, Alert)]
    yield f"{len(alerts)} alert{'' if len(alerts) == 1 else 's'}"
    for alert in alerts:
        yield from _of_alert(alert, changes(trial.events, alert))
    quiet = [outlook for outlook in trial.outlooks if not outlook.raised]
    near = sorted((each for each in quiet if each.fraction >= NEARLY), key=lambda each: -each.fraction)
    yield from _group("nearly fired", near)
    yield from _group("did not fire", [each for each in quiet if each.fraction < NEARLY])


def changes(events: Sequence[Event], alert: Alert) -> list[AlertChanged]:
    """Give what became of an alert."""
    return [event for event in events if isinstance(event, AlertChanged) and event.alert == alert.alert]


def _of_alert(alert: Alert, became: Sequence[AlertChanged]) -> Iterator[str]:
    yield ""
    yield f"{seconds(alert.end_sample):8.2f}  {alert.level.upper()} {alert.rule}: {alert.reason}"
    yield f"          {alert.explanation}"
    for item in alert.evidence:
        place = f"{seconds(item.start_sample):.2f}-{seconds(item.end_sample):.2f}"
        limit = "" if item.limit is None else f" (limit {item.limit:g})"
        yield f"          {item.who} {place} {item.phrase}: {item.text}{limit}"
    if alert.missing:
        yield f"          missing: {', '.join(alert.missing)}"
    history = [f"{change.change} at {seconds(change.start_sample):.2f}" for change in became]
    yield f"          holds since {seconds(alert.since_sample):.2f}; {', '.join(history)}"


def _group(head: str, outlooks: Sequence[Outlook]) -> Iterator[str]:
    if not outlooks:
        return
    yield ""
    yield f"{head}:"
    for outlook in outlooks:
        yield f"  {outlook.rule.name} ({outlook.rule.level})"
        for near in outlook.nearest:
            mark = "held" if near.fraction == 1 else f"{int(100 * near.fraction)}%"
            yield f"    {mark:>4}  {near.text}" + (f", at {seconds(near.at_sample):.2f}" if near.fraction else "")
        if outlook.fraction == 1:
            yield "          each of them held, but not at the same time for so long"


def _as_json(trial: Trial) -> dict[str, Any]:
    alerts = [event for event in trial.events if isinstance(event, Alert)]
    return {
        "alerts": [
            to_builtins(alert) | {"changes": [to_builtins(change) for change in changes(trial.events, alert)]}
            for alert in alerts
        ],
        "rules": [
            {
                "rule": outlook.rule.name,
                "level": outlook.rule.level,
                "raised": outlook.raised,
                "nearly": not outlook.raised and outlook.fraction >= NEARLY,
                "nearest": round(outlook.fraction, 3),
                "conditions": [
                    {"text": near.text, "nearest": round(near.fraction, 3), "at_s": seconds(near.at_sample)}
                    for near in outlook.nearest
                ],
            }
            for outlook in trial.outlooks
        ],
    }
