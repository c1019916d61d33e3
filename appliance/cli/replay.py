"""`undertone replay`: the device's whole pipeline on a recording, as fast as the machine can."""

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from appliance.adapters.preparation import Prepared, prepare
from appliance.adapters.tasks import task_group
from appliance.call import Call
from appliance.config import Settings, SpeechSettings
from appliance.event_json import to_json
from appliance.events import (
    Alert,
    AlertChanged,
    BandMeasured,
    CallContext,
    CallEnded,
    CallStarted,
    Event,
    Gap,
    Hold,
    KeyPressed,
    Muted,
    Notice,
    Paused,
    PhraseHit,
    StressMeasured,
    TalkMeasured,
    Utterance,
    seconds,
)
from appliance.light_settings import NO_LIGHT
from appliance.line_settings import LineSettings, RecordingSettings, RtpTapSettings
from appliance.session import Output

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

CAPTURES = (".pcap", ".pcapng", ".cap")

EPILOG = """examples:
  undertone replay call.wav
  undertone replay calls.pcap
  undertone replay call.wav --language ko --json | jq 'select(.type == "alert")'

The same recording, rules and model give the same bytes each time."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "replay",
        description="Prints one event per line, with media time. Needs no server and shows no light."
        " A capture of telephone calls (.pcap, .pcapng) is replayed as a mirror port would hear it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="WAV: left channel agent, right channel caller; or a capture"
    )
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
            line=_line(arguments.file),
            speech=SpeechSettings(arguments.language, arguments.engine),
            rules_file=arguments.rules,
            light=NO_LIGHT,
            central=None,
            state=None,
        ),
        warm=False,
    )
    asyncio.run(replay(prepared, sys.stdout, as_json=arguments.json))
    return 0


def _line(file: Path) -> LineSettings:
    """Tell a capture by its name; whether it is one, it shows when it is opened."""
    if file.suffix in CAPTURES:
        return RtpTapSettings(file=file, pace="fast")
    return RecordingSettings(file, pace="fast")


async def replay(prepared: Prepared, out: TextIO, *, as_json: bool) -> None:
    """Run each call of the line, all at once if they overlap, and write their events."""

    def sink(outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Event):
                out.write((to_json(output).decode() if as_json else describe(output)) + "\n")

    if prepared.host:
        await prepared.host.start()
    try:
        async with task_group() as group, contextlib.aclosing(prepared.line.calls(lambda _: None)) as calls:
            async for line_call in calls:
                call = Call(prepared.new_session(line_call), line_call, prepared.hosts, sink)
                group.create_task(call.run(), name="call")
    finally:
        await prepared.stop_hosts()


def describe(event: Event) -> str:
    """Give an event as a line for people."""
    return f"{seconds(event.start_sample):8.2f}  {event.who:6}  {_what(event)}"


def _what(event: Event) -> str:  # noqa: C901, PLR0911, PLR0912 - one answer for each type of event
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
        case Muted() | Paused():
            how = "muted at the box" if isinstance(event, Muted) else "paused by the server"
            return f"[{how} until {seconds(event.end_sample):.2f}]"
        case Hold():
            until = f"until {seconds(event.end_sample):.2f}" if event.over else "begins"
            return f"[{event.what} on hold {until}, not transcribed]"
        case KeyPressed():
            return f"[key {event.key or 'pressed, not kept'}]"
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
