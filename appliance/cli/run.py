"""`undertone run`: the device."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.app import run_device
from appliance.config import Settings, read_settings
from appliance.errors import BadInputError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EPILOG = """The settings are described at the head of appliance/config.py. SIGTERM or Ctrl-C ends the call cleanly.
SIGHUP reads the rule pack again, which is also done when its file changes; a bad one is refused, the old one stays.
The key m, or SIGUSR1, mutes the box and unmutes it; a muted box is still muted when it is started again."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "run",
        description="Listens to the configured line, shows the light, and tells the central server.",
        epilog=EPILOG,
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the device's settings (TOML)")
    parser.add_argument("--json", action="store_true", help="at the end, print what was delivered as JSON on stdout")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    # "Read the rules again", "mute": whoever sends it while models are still loaded must not end the device.
    for number in (signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    delivered = asyncio.run(run_device(load_settings(arguments.config)))
    if arguments.json:
        sys.stdout.write(json.dumps({"delivered": delivered._asdict()}) + "\n")
    elif waiting := delivered.committed - delivered.acknowledged:
        sys.stderr.write(f"undertone: {waiting} events wait in the outbox; they go out at the next start\n")
    return 0


def load_settings(file: Path) -> Settings:
    """Read the settings from a file."""
    try:
        return read_settings(file.read_bytes(), file.absolute())
    except OSError as error:
        raise BadInputError(
            f"the settings cannot be read ({error.strerror})", where=str(file), mend="check the path and its rights"
        ) from error
