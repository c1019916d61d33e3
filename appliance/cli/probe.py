"""`undertone probe`: a device that says one of everything to a server, and prints what comes back."""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from websockets.exceptions import WebSocketException

from appliance.acceptance.probe import event_samples, probe
from appliance.acceptance.wire import Target, UnexpectedError
from appliance.cli.conformance import add_target, target_of

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "probe",
        help="say one of everything to a server, and print what comes back",
        description="Sends one of each event and message as a device does. → is said, ← is heard.",
        epilog="Use a device's name that is for tests alone. Exit code 1 when not every event was acknowledged.",
    )
    add_target(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    target, wanted = target_of(arguments), len(event_samples())
    try:
        acknowledged = asyncio.run(_probe(target))
    except (UnexpectedError, WebSocketException, OSError) as error:
        sys.stdout.write(f"no server of this protocol: {str(error) or type(error).__name__}\n")
        return 1
    sys.stdout.write(f"{acknowledged} of {wanted} events were acknowledged\n")
    return 0 if acknowledged == wanted else 1


async def _probe(target: Target) -> int:
    def show(way: str, text: str) -> None:
        sys.stdout.write(f"{way} {text}\n")

    return await probe(target, show)
