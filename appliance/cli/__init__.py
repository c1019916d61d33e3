"""The command line: one module for each subcommand, all under one program."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from appliance.cli import bench, central, demo, doctor, line, model, replay, rules, run
from appliance.errors import BadInputError
from appliance.version import VERSION

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

EPILOG = """exit codes: 0 done; 1 something is wrong; 2 bad input, with the mend on stderr; 130 interrupted"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and give its exit code."""
    chosen = _parser().parse_args(arguments)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="undertone",
        description="A box on a contact-centre agent's desk that hears when a call needs help.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"undertone {VERSION}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="warning", help="default: warning"
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (demo, run, line, central, replay, rules, model, bench, doctor):
        command.add_parser(subparsers)
    return parser
