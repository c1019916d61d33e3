"""`undertone enrol`: make this box known to its central server, once."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.adapters import paths
from appliance.adapters.enrolment import enrol, read_site, serial_number
from appliance.adapters.identity import identity_folder
from appliance.adapters.ownership import give_to_owner_of
from appliance.delivery.enrolment import MAX_CLAIM_CHARACTERS, parse_claim
from appliance.errors import BadInputError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EPILOG = """examples:
  undertone enrol --show-serial
  undertone enrol --server https://calls.example.com:8711 --token-file /boot/firmware/undertone-claim

The claim code comes from `undertone central claim new --serial SERIAL` on the server. The box makes its own key, which
never leaves it, and trusts the server only if it is the one that the claim names. Cut off, it can be done again."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "enrol",
        help="make this box known to its central server",
        description="Gets this box's certificate from the central server.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--server", metavar="URL", help="https://HOST:PORT of the server's port for devices")
    claim = parser.add_mutually_exclusive_group()
    claim.add_argument("--token", metavar="CLAIM", help="the claim code; others on this machine may see it")
    claim.add_argument("--token-file", type=Path, metavar="FILE", help="a file with the claim code; - for stdin")
    parser.add_argument("--serial", help="the hardware serial number, where it cannot be read from this machine")
    parser.add_argument("--state", type=Path, metavar="FOLDER", help=f"the box's state folder ({paths.home()})")
    parser.add_argument(
        "--key-program", type=Path, metavar="FILE",
        help="a program that makes the key and keeps it, in a TPM for instance; also used when the box renews",
    )  # fmt: skip
    parser.add_argument("--show-serial", action="store_true", help="only tell this box's serial number")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    serial = arguments.serial or serial_number()
    if serial is None:
        mend = "name it with --serial, as it stands in the claim"
        raise BadInputError("this machine tells no serial number", mend=mend)
    if arguments.show_serial:
        return _say(arguments, {"serial": serial}, serial)
    if arguments.server is None:
        raise BadInputError("which server?", where="--server", mend="give --server https://HOST:PORT")
    claim = parse_claim(_claim_text(arguments))
    site = read_site(arguments.server)
    state = arguments.state or paths.home()
    try:
        device = enrol(site, claim, serial, identity_folder(state), _program(arguments))
    finally:
        give_to_owner_of(state)
    text = f'this box is {device}\nits settings need: [central] url = "{site.url}" and identity = "certificate"'
    return _say(arguments, {"device": device, "url": site.url, "serial": serial}, text)


def _program(arguments: argparse.Namespace) -> Path | None:
    return arguments.key_program and Path(arguments.key_program).absolute()


def _claim_text(arguments: argparse.Namespace) -> str:
    if arguments.token is not None:
        return str(arguments.token)
    file: Path | None = arguments.token_file
    if file is None:
        raise BadInputError("with which claim?", where="--token-file", mend="give --token-file FILE, or --token CLAIM")
    try:
        with sys.stdin if str(file) == "-" else file.open(encoding="ascii", errors="replace") as source:
            return source.read(MAX_CLAIM_CHARACTERS + 1)
    except OSError as error:
        mend = "check the path and its rights"
        raise BadInputError(f"the claim cannot be read: {error.strerror}", where=str(file), mend=mend) from error


def _say(arguments: argparse.Namespace, value: dict[str, str], text: str) -> int:
    sys.stdout.write((json.dumps(value) if arguments.json else text) + "\n")
    return 0
