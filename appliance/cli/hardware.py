"""`undertone hardware`: whether this box, as it was built, does what it is for."""

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from appliance.adapters import paths
from appliance.adapters.board_checks import card_findings, commit_finding, temperature_finding, throttling_finding
from appliance.adapters.clock import utc
from appliance.adapters.machine_checks import Finding, clock_now
from appliance.cli.doctor import EXIT_OK, EXIT_TROUBLE, in_words
from appliance.cli.hardware_speed import LEAST_SPEED, Speed, measure
from appliance.cli.hardware_walk import Person, board_findings, sound_findings
from appliance.light_settings import BoardSettings

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

MODEL: Final = Path("/proc/device-tree/model")

EPILOG = """examples:
  undertone hardware check                                       the whole walk, with ten minutes of heat
  undertone hardware check --heat-minutes 0 --seconds 5          a quick one
  undertone hardware check --card "USB Audio" --json > box.json  a report to keep with the box

Exit code 0: every check passed; 1: one did not, or its part is not on this machine. Stop a running box first
(systemctl stop undertone): sound card and light board belong to one program at a time."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser("hardware", help="walk through this box's parts")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check",
        help="look at every part of this box, with the person at the terminal",
        description="Looks at the sound card, the light board, the computer, and how fast it recognises speech.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("--card", default="", help="the sound card's name; default: the only one")
    check.add_argument("--port", default="", help="the light board's port; default: the only one")
    check.add_argument("--seconds", type=float, default=15.0, metavar="N", help="to listen to the line; default: 15")
    check.add_argument(
        "--heat-minutes", type=_minutes, default=10.0, metavar="N", help="of work before speed is measured again"
    )
    check.add_argument("--json", action="store_true", help="print the report as one JSON object on stdout")
    check.set_defaults(run=_check)


def _minutes(text: str) -> float:
    if not 0 <= (minutes := float(text)) <= 24 * 60:
        raise argparse.ArgumentTypeError("give minutes from 0 to 1440")
    return minutes


def _check(arguments: argparse.Namespace) -> int:
    person = Person(asks=sys.stdin.isatty() and sys.stderr.isatty())
    findings: list[Finding] = []
    for finding in _parts(arguments, person):
        findings.append(finding)
        person.say(in_words(finding).rstrip("\n"))
    speeds = measure(arguments.heat_minutes, person.say)
    for finding in [*_speed_findings(speeds), temperature_finding(), throttling_finding()]:
        findings.append(finding)
        person.say(in_words(finding).rstrip("\n"))
    passed = all(finding.state == "ok" for finding in findings)
    person.say("Every check passed." if passed else "Not every check passed: see the lines that do not begin with ok.")
    if arguments.json:
        report = {"passed": passed, "at": utc(), "machine": _machine(), "findings": findings, "speeds": speeds}
        sys.stdout.write(json.dumps(msgspec.to_builtins(report), indent=2, ensure_ascii=False) + "\n")
    return EXIT_OK if passed else EXIT_TROUBLE


def _parts(arguments: argparse.Namespace, person: Person) -> Iterator[Finding]:
    """Look at what is quickly looked at; warmth and throttling come last, after the work."""
    yield from sound_findings(arguments.card, arguments.seconds, person)
    yield from board_findings(BoardSettings(port=arguments.port), person)
    yield clock_now()
    yield from card_findings()
    yield commit_finding(paths.home())


def _speed_findings(speeds: list[Speed]) -> list[Finding]:
    if not speeds:
        mend = "undertone model list, then undertone model fetch NAME"
        return [Finding("speed", "trouble", "no installed model hears a shipped call", mend)]
    return [_speed_finding(speed) for speed in speeds]


def _speed_finding(speed: Speed) -> Finding:
    hot = "" if speed.hot is None else f", {speed.hot:.1f} after the heat"
    told = f"{speed.warm:.1f} times real time warm{hot} ({speed.model}, {speed.clip})"
    if speed.is_enough:
        return Finding(f"speed of {speed.engine}", "ok", told)
    mend = f"all partial words need {LEAST_SPEED:g}: end other programs, cool the board, or take a smaller model"
    return Finding(f"speed of {speed.engine}", "trouble", told, mend)


def _machine() -> str:
    try:
        return MODEL.read_text().rstrip("\0\n")
    except OSError:
        return f"{platform.machine()}, {platform.system()}"
