"""`undertone first-boot`: take over what was prepared on the card; run by the system at its first start."""

import argparse
import json
import logging
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from appliance.adapters import paths
from appliance.adapters.claim_word import forget_refusal, keep_refusal
from appliance.adapters.enrolment import serial_number
from appliance.adapters.first_boot import Step, first_boot
from appliance.adapters.ownership import give_to_owner_of
from appliance.delivery.backoff import delays
from appliance.errors import BadInputError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

SOURCE: Final = Path("/boot/firmware/undertone")
CONFIG: Final = Path("/etc/undertone/undertone.toml")

log = logging.getLogger(__name__)

EPILOG: Final = """The folder is made by `undertone fleet prepare`: settings, a claim. Done again, it does what is
left; with nothing prepared it does nothing and ends with 0. Where the folder names no server, the network is asked:
DHCP option 224, then DNS SRV _undertone._tcp. The claim decides whom the box believes."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser("first-boot", description=__doc__, epilog=EPILOG)
    parser.add_argument("--from", dest="source", type=Path, default=SOURCE, metavar="FOLDER", help=f"({SOURCE})")
    parser.add_argument("--config", type=Path, default=CONFIG, metavar="FILE", help=f"where settings go ({CONFIG})")
    parser.add_argument("--state", type=Path, metavar="FOLDER", help=f"the box's state folder ({paths.home()})")
    parser.add_argument("--serial", help="the hardware serial number, where it cannot be read from this machine")
    parser.add_argument(
        "--within", type=float, default=0.0, metavar="SECONDS", help="try again for so long, more and more seldom (0)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    serial = arguments.serial or serial_number()
    if serial is None:
        raise BadInputError("this machine tells no serial number", mend="name it with --serial, as the claim has it")
    state = arguments.state or paths.home()
    try:
        steps = _tried(arguments, state, serial)
    finally:
        give_to_owner_of(state)
    text = json.dumps({"done": steps}) if arguments.json else ", ".join(steps) or "nothing was prepared"
    sys.stdout.write(text + "\n")
    return 0


def _tried(arguments: argparse.Namespace, state: Path, serial: str) -> list[Step]:
    deadline_s = time.monotonic() + arguments.within
    waits = delays(random.random)
    while True:
        try:
            steps = first_boot(arguments.source, arguments.config, state, serial)
        except BadInputError as error:
            keep_refusal(state, error)
            wait_s = next(waits)
            if time.monotonic() + wait_s >= deadline_s:
                raise
            log.warning("event=first_boot_failed error=%r mend=%r again_in_s=%.1f", str(error), error.mend, wait_s)
            time.sleep(wait_s)
        else:
            forget_refusal(state)
            return steps
