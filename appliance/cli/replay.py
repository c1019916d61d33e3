"""`undertone replay`: the device's whole pipeline on a recording, as fast as the machine can."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from appliance.adapters.line import only_call
from appliance.adapters.preparation import Prepared, prepare
from appliance.call import Call
from appliance.config import RecordingSettings, Settings, SpeechSettings
from appliance.events import (
    Alert,
    AlertChanged,
    BandMeasured,
    CallContext,
    CallEnded,
    CallStarted,
    Event,
    Gap,
    Notice,
    PhraseHit,
    StressMeasured,
    TalkMeasured,
    Utterance,
    seconds,
    to_json,
)
from appliance.session import Output

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EPILOG = """examples:
  undertone replay call.wav
  undertone replay call.wav --language ko --json | jq 'select(.type == "alert")'

The same recording, rules and model give the same bytes each time."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "replay",
        help="run a recording through the whole pipeline and print its events",
        description="Prints one event per line, with media time. Needs no server and shows no light.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE.wav", help="left channel agent, right channel caller")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    add_speech_arguments(parser)
    parser.add_argument("--rules", type=Path, metavar="FILE", help="a rule pack instead of the shipped one")
    parser.set_defaults(run=_run)


def add_speech_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what is spoken and who listens."""
    parser.add_argument("--language", default="en", help="language of the call, e.g. en or ko; default: en")
    parser.add_argument(
        "--engine",
        choices=("auto", "vosk", "moonshine"),
        default="auto",
        help="default: the first model of the catalogue that hears this line",
    )


def _run(arguments: argparse.Namespace) -> int:
    prepared = prepare(
        Settings(
            device="replay",
            line=RecordingSettings(arguments.file, pace="fast"),
            speech=SpeechSettings(arguments.language, arguments.engine),
            rules_file=arguments.rules,
            light="none",
            central=None,
            state=None,
        )
    )
    asyncio.run(replay(prepared, sys.stdout, as_json=arguments.json))
    return 0


async def replay(prepared: Prepared, out: TextIO, *, as_json: bool) -> None:
    """Run the whole call and write its events."""

    def sink(outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Event):
                out.write((to_json(output).decode() if as_json else describe(output)) + "\n")

    if prepared.host:
        await prepared.host.start()
    try:
        line_call = await only_call(prepared.line)
        await Call(prepared.new_session(line_call), line_call, prepared.hosts, sink).run()
    finally:
        await prepared.stop_hosts()


def describe(event: Event) -> str:
    """Give an event as a line for people."""
    return f"{seconds(event.start_sample):8.2f}  {event.who:6}  {_what(event)}"


def _what(event: Event) -> str:  # noqa: C901, PLR0911 - one answer for each type of event
    match event:
        case CallStarted():
            return f"call started ({event.language}, {event.band} band, {event.model or 'no speech model'})"
        case BandMeasured():
            return f"[carries the {event.band} band: {event.model or 'nothing'} listens]"
        case Utterance():
            return event.text
        case PhraseHit():
            return f"[phrase {event.phrase}: {event.text}]"
        case StressMeasured() | TalkMeasured() | CallContext():
            return f"[{_measured(event)}]"
        case Alert():
            missing = "".join(f"; no {channel} to judge" for channel in event.missing)
            return f"[{event.level.upper()} {event.rule}: {'; '.join(item.text for item in event.evidence)}{missing}]"
        case AlertChanged():
            return f"[{event.rule} {event.change}]"
        case Gap():
            return f"[not heard until {seconds(event.end_sample):.2f}: {event.reason}]"
        case Notice():
            return f"[{event.text}]"
        case CallEnded():
            return f"call ended ({event.reason})"


def _measured(event: StressMeasured | TalkMeasured | CallContext) -> str:
    match event:
        case StressMeasured(score=None):
            return f"stress unknown: {event.reason}"
        case StressMeasured():
            drivers = f": {', '.join(event.drivers)}" if event.drivers else ""
            return f"stress {event.score:.2f} {event.level}{drivers}"
        case TalkMeasured():
            share = "" if event.talk_share is None else f", {event.talk_share:.0%} of all speech"
            return f"spoke {event.speech_s:.0f} s{share}; over-talk {event.overtalk_s:.1f} s"
        case CallContext():
            queued = "" if event.queued_s is None else f"waited {event.queued_s:.0f} s in the queue"
            return f"caller: {', '.join(filter(None, (event.tier, queued))) or 'nothing known'}"
