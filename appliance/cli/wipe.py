"""`undertone wipe`: make this box forget who it is and what it heard, and prove it to its server."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from appliance.adapters import paths
from appliance.adapters.enrolment import report_wiped, serial_number
from appliance.adapters.identity import identity_folder
from appliance.adapters.uplink_server import Server
from appliance.adapters.wiping import Places, Wiped, undelivered, wipe, wipe_identity
from appliance.config import CentralSettings, read_settings
from appliance.errors import BadInputError
from appliance.secret_file import write_secret

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

SETTINGS: Final = Path("/etc/undertone")
SETTINGS_FILE: Final = "undertone.toml"
UNITS: Final = ("undertone.service", "undertone-update.timer", "undertone-claim.service")

EXIT_TROUBLE: Final = 1

EPILOG: Final = """Wiped are: key and certificate, undelivered events, the mute, settings, rules and tokens. Models
stay; --models takes them, too. The box's own key signs what was done, as its last act; the server is told, and keeps it
in its record. Where it cannot be reached, --report FILE is that proof, for `undertone fleet decommission --proof FILE`.
Flash storage may keep older copies where no program reaches: destroy the card where that matters."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser("wipe", description=__doc__, epilog=EPILOG)
    parser.add_argument("--yes", action="store_true", help="do it; without this it only says what would be wiped")
    parser.add_argument("--models", action="store_true", help="the speech models as well")
    parser.add_argument("--undelivered", action="store_true", help="even if events have not reached the server yet")
    parser.add_argument("--state", type=Path, metavar="FOLDER", help=f"the box's state folder ({paths.home()})")
    parser.add_argument("--settings", type=Path, default=SETTINGS, metavar="FOLDER", help=f"({SETTINGS})")
    parser.add_argument("--serial", help="the hardware serial number, where it cannot be read from this machine")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the signed report here, too")
    parser.add_argument("--json", action="store_true", help="print the report as JSON on stdout")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    state: Path = arguments.state or paths.home()
    places = Places(state, arguments.settings, arguments.models)
    if any(state.glob("central*")):
        mend = "name a box's folder with --state, or move the server's files away first"
        raise BadInputError("this folder holds a central server", where=str(state), mend=mend)
    if not arguments.yes:
        mend = "add --yes; a box that is wiped needs a new claim to come back"
        raise BadInputError(f"this would wipe {state} and {arguments.settings}", mend=mend)
    if arguments.settings == SETTINGS and os.geteuid() == 0 and shutil.which("systemctl"):
        subprocess.run(["systemctl", "disable", "--now", *UNITS], capture_output=True, check=False)
    if (waiting := undelivered(state)) and not arguments.undelivered:
        mend = "let the box deliver them first, or add --undelivered"
        raise BadInputError(f"{waiting} events have not reached the server", where=str(state), mend=mend)
    url = _server(arguments.settings)
    wiped = wipe(places, arguments.serial or serial_number() or "")
    if wiped.signed is not None and arguments.report is not None:
        write_secret(arguments.report, wiped.signed.decode())
    trouble = _delivered(url, state, wiped)
    if trouble and arguments.report is None:
        mend = "do it again with --report FILE and carry that to the server; the key is kept until then"
        raise BadInputError(f"all but the key is wiped, and the server was not told: {trouble}", mend=mend)
    wipe_identity(state)
    return _tell(arguments, wiped, trouble)


def _server(settings: Path) -> str | None:
    """Give the address of the server that knows this box by its certificate, where the settings name one."""
    file = settings / SETTINGS_FILE
    try:
        central: CentralSettings | None = read_settings(file.read_bytes(), file).central
    except (OSError, BadInputError):
        return None
    return central.url if central and central.identity == "certificate" else None


def _delivered(url: str | None, state: Path, wiped: Wiped) -> str:
    """Tell the server; gives why it could not be told."""
    if wiped.signed is None:
        return ""  # a box that was never enrolled owes nobody a proof
    if url is None:
        return "the settings named no server that knows this box"
    try:
        report_wiped(Server(url, identity=identity_folder(state)), wiped.signed)
    except BadInputError as error:
        return str(error)
    return ""


def _tell(arguments: argparse.Namespace, wiped: Wiped, trouble: str) -> int:
    report = wiped.report
    if arguments.json:
        facts = msgspec.to_builtins(report) | {"server_told": wiped.signed is not None and not trouble}
        sys.stdout.write(json.dumps(facts) + "\n")
    else:
        kept = f", kept: {', '.join(report.kept)}" if report.kept else ""
        told = f"not told ({trouble}): bring it {arguments.report}" if trouble else "told" if wiped.signed else "none"
        sys.stdout.write(
            f"{report.files} files, {report.bytes} bytes are wiped{kept}; {report.storage}\nserver: {told}\n"
        )
    return EXIT_TROUBLE if report.left else 0
