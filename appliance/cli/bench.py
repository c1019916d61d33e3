"""`undertone bench`: what the box costs and how fast it is, against its peers, measured on this machine."""

import argparse
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.errors import BadInputError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

NAMES = (
    "recognition",
    "latency",
    "light",
    "telephone",
    "line",
    "memory",
    "band",
    "hold",
    "stress",
    "cues",
    "server",
    "uplink",
    "outbox",
)

EPILOG = """Told in tests/bench/README.md. Bars are shown, not enforced; --strict ends with 1 when one does not hold.
Leave the machine alone while it measures."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "bench",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"{', '.join(NAMES)}; default: all of them")
    parser.add_argument("--json", action="store_true", help="one JSON list of rows on stdout")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a bar does not hold")
    parser.add_argument("--data", type=Path, metavar="DIR", help="further recordings, NAME.wav with NAME.truth.json")
    parser.add_argument("--repeats", type=_repeats, default=3, metavar="N", help="runs of each program; default: 3")
    parser.add_argument(
        "--minutes", type=_minutes, default=10.0, metavar="M", help="of audio without a break for memory; default: 10"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    for name in arguments.name:
        if name not in NAMES:
            raise BadInputError(f"there is no benchmark {name!r}", mend=f"take one of: {', '.join(NAMES)}")
    if arguments.data and not arguments.data.is_dir():
        raise BadInputError("there is no such folder", where=str(arguments.data), mend="leave --data out, or mend it")
    benchmarks = _load(Path(__file__).parents[2])
    options = benchmarks.Options(data=arguments.data, repeats=arguments.repeats, minutes=arguments.minutes)
    rows = benchmarks.run(arguments.name or NAMES, options)
    sys.stdout.write((benchmarks.as_json if arguments.json else benchmarks.as_text)(rows) + "\n")
    failed = [row.name for row in rows if row.holds is False]
    return 1 if arguments.strict and failed else 0


def _load(checkout: Path) -> Any:  # noqa: ANN401 - the module with the benchmarks is no part of the package
    """Give the benchmarks beside the package. Raises `BadInputError` without them or without their tools."""
    if not (checkout / "tests" / "bench" / "benchmarks.py").is_file():
        raise BadInputError(
            "the benchmarks are not part of an installed Undertone",
            where=str(checkout),
            mend="clone the source and run ./undertone bench there",
        )
    sys.path.insert(0, str(checkout))
    try:
        return importlib.import_module("tests.bench.benchmarks")
    except ModuleNotFoundError as error:
        raise BadInputError(
            f"the benchmarks need {error.name}, which is not installed", mend="pip install 'undertone[central,dev]'"
        ) from error


def _repeats(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100:
        raise argparse.ArgumentTypeError("1 to 100")
    return number


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 3.0 <= minutes <= 600.0:
        raise argparse.ArgumentTypeError("3 to 600")
    return minutes
