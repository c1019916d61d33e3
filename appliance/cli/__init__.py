"""The command line: one module for each subcommand, all under one program."""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

from appliance.errors import BadInputError
from appliance.version import VERSION

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

COMMANDS: Final = {
    "demo": "run a recorded call through the device and the central server, and watch",
    "run": "run the device",
    "first-boot": "take over what was prepared on this box's card",
    "enrol": "make this box known to its central server",
    "light": "list, test and identify lights, bring firmware onto the light board",
    "line": "list sound cards, check how the telephone line sounds, record it",
    "central": "run the central server",
    "fleet": "prepare many boxes from one table, replace one, shut one out",
    "wipe": "make this box forget who it is and what it heard, and prove it",
    "update": "take signed releases of the program, and go back from one that does not work",
    "probe": "say one of everything to a server, and print what comes back",
    "conformance": "check that a server keeps the device protocol",
    "simulate": "drive a server with many simulated devices, and tell delays and losses",
    "replay": "run a recording through the whole pipeline and print its events",
    "rules": "check, try and explain rule packs",
    "model": "list, fetch, verify, import or adapt speech models",
    "bench": "measure cost and speed on this machine (in a source checkout)",
    "hardware": "walk through this box's parts with the person at the terminal, and measure its speed",
    "doctor": "say what is missing or wrong on this machine, and the mend",
}
"""Each subcommand and what it does. Its module is loaded when it is asked for: a box has no time for the others."""

LOG_LEVELS: Final = ("debug", "info", "warning", "error")

EPILOG = """exit codes: 0 done; 1 something is wrong; 2 bad input, with the mend on stderr; 130 interrupted"""


def main(words: Sequence[str]) -> int:
    """Run one subcommand and give its exit code."""
    return carry_out(parsed(words))


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Load the subcommand that the words name and read its options; ends the program with 2 when they are wrong."""
    return _parser(words).parse_args(words)


def carry_out(chosen: argparse.Namespace) -> int:
    """Run the subcommand and give its exit code."""
    logging.basicConfig(
        level=chosen.log_level.upper(), stream=sys.stderr, format="%(levelname)s logger=%(name)s %(message)s"
    )
    try:
        code: int = chosen.run(chosen)
        # Whoever read our output may be gone; that must show here, where it is handled, and not at exit.
        sys.stdout.flush()
    except BadInputError as error:
        if chosen.debug:
            raise
        sys.stderr.write(f"undertone: {error}\n")
        if error.mend:
            sys.stderr.write(f"  mend: {error.mend}\n")
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough; Python must not complain when it flushes the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def whole_parser() -> argparse.ArgumentParser:
    """Give the parser with all subcommands, for the manual page and for completions."""
    parser, subparsers = _program()
    for name, what in COMMANDS.items():
        _module(name).add_parser(_Told(subparsers, what))
    return parser


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser, subparsers = _program()
    asked_for = next((word for word in words if not word.startswith("-") and word not in LOG_LEVELS), None)
    if asked_for in COMMANDS:
        _module(asked_for).add_parser(subparsers)
    else:
        for name, what in COMMANDS.items():
            subparsers.add_parser(name, help=what)
    return parser


class _Told:
    """The program's subparsers, for one subcommand that does not say itself what it does in the list of all."""

    def __init__(self, subparsers: Any, what: str) -> None:  # noqa: ANN401 - argparse does not name this type
        self._subparsers = subparsers
        self._what = what

    def add_parser(self, name: str, **given: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse's own options
        added: argparse.ArgumentParser = self._subparsers.add_parser(name, **{"help": self._what, **given})
        return added


def _module(name: str) -> Any:  # noqa: ANN401 - a module has no type of its own
    return importlib.import_module(f"appliance.cli.{name.replace('-', '_')}")


def _program() -> tuple[argparse.ArgumentParser, Any]:
    parser = argparse.ArgumentParser(
        prog="undertone",
        description="A box on a contact-centre agent's desk that hears when a call needs help.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"undertone {VERSION}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("--log-level", choices=LOG_LEVELS, default="warning", help="default: warning")
    return parser, parser.add_subparsers(metavar="COMMAND", required=True)
