"""`undertone first-boot`: take over what was prepared on the card; run by the system at its first start."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from appliance.adapters import paths
from appliance.adapters.enrolment import serial_number
from appliance.adapters.first_boot import first_boot
from appliance.errors import BadInputError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

SOURCE: Final = Path("/boot/firmware/undertone")
CONFIG: Final = Path("/etc/undertone/undertone.toml")

EPILOG: Final = """The folder is made by `undertone fleet prepare`: settings, a claim. Done again, it does what is
left; with nothing prepared it does nothing and ends with 0."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser("first-boot", description=__doc__, epilog=EPILOG)
    parser.add_argument("--from", dest="source", type=Path, default=SOURCE, metavar="FOLDER", help=f"({SOURCE})")
    parser.add_argument("--config", type=Path, default=CONFIG, metavar="FILE", help=f"where settings go ({CONFIG})")
    parser.add_argument("--state", type=Path, metavar="FOLDER", help=f"the box's state folder ({paths.home()})")
    parser.add_argument("--serial", help="the hardware serial number, where it cannot be read from this machine")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    serial = arguments.serial or serial_number()
    if serial is None:
        raise BadInputError("this machine tells no serial number", mend="name it with --serial, as the claim has it")
    steps = first_boot(arguments.source, arguments.config, arguments.state or paths.home(), serial)
    text = json.dumps({"done": steps}) if arguments.json else ", ".join(steps) or "nothing was prepared"
    sys.stdout.write(text + "\n")
    return 0
