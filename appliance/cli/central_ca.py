"""`undertone central ca` and `undertone central claim`: the private authority, and claims for new boxes."""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from appliance.adapters import paths
from appliance.errors import BadInputError

if TYPE_CHECKING:
    from appliance.central.access.ca import CA
    from appliance.central.access.use import Box
    from appliance.central.config import Config

CA_EPILOG: Final = """examples:
  undertone central ca init --name calls.example.com
  undertone central ca revoke desk-12 --reason "stolen"
  undertone central ca rotate             then, when `ca list` shows nobody left behind:
  undertone central ca rotate --finish"""

MAX_TTL_H: Final = 24 * 30

MAX_TOLD: Final = 20
"""Boxes that are named one by one in a message; `ca list` names all."""


def add_parsers(commands: Any) -> None:  # noqa: ANN401 - argparse does not name this type
    """Add `ca` and `claim` with their own subcommands."""
    raw = argparse.RawDescriptionHelpFormatter
    common = argparse.ArgumentParser(add_help=False)
    add_access(common)
    common.add_argument("--json", action="store_true", help="print one JSON value on stdout")
    ca = commands.add_parser("ca", help="the authority that certifies boxes", epilog=CA_EPILOG, formatter_class=raw)
    _add_ca(ca.add_subparsers(metavar="init|issue|list|revoke|rotate", required=True), common)
    claim = commands.add_parser("claim", help="one-time claims, with which new boxes enrol")
    _add_claim(claim.add_subparsers(metavar="new|list", required=True), common)


def _add_ca(commands: Any, common: argparse.ArgumentParser) -> None:  # noqa: ANN401 - as above
    init = commands.add_parser("init", parents=[common], help="make the authority and the server's certificate")
    init.add_argument("--name", action="append", required=True, help="a name or address of this server (repeat it)")
    init.set_defaults(run=_init)
    issue = commands.add_parser("issue", parents=[common], help="sign a box's request, or the server's new names")
    issue.add_argument("device", nargs="?", metavar="DEVICE", help="the box's name")
    issue.add_argument("--csr", type=Path, metavar="FILE", help="its signing request (PEM)")
    issue.add_argument("--server-name", action="append", help="in place of a box: the names of this server (repeat it)")
    issue.set_defaults(run=_issue)
    listing = commands.add_parser("list", parents=[common], help="all certificates that have not expired")
    listing.set_defaults(run=_list)
    revoke = commands.add_parser("revoke", parents=[common], help="take back all certificates of a box, at once")
    revoke.add_argument("device", metavar="DEVICE")
    revoke.add_argument("--reason", default="revoked by hand", help="for the list")
    revoke.set_defaults(run=_revoke)
    rotate = commands.add_parser("rotate", parents=[common], help="change the authority for a new one, in two steps")
    rotate.add_argument("--finish", action="store_true", help="the second step: retire the old authority")
    rotate.add_argument("--leave-behind", action="store_true", help="even if some boxes have not renewed yet")
    rotate.set_defaults(run=_rotate)


def _add_claim(commands: Any, common: argparse.ArgumentParser) -> None:  # noqa: ANN401 - as above
    new = commands.add_parser("new", parents=[common], help="make a claim code for one box and print it once")
    new.add_argument("--serial", required=True, help="the box's serial number (`undertone enrol --show-serial`)")
    new.add_argument("--device", metavar="NAME", help="what the box is to be called; default: its serial number")
    new.add_argument("--ttl", type=float, default=24.0, metavar="HOURS", help="how long it holds; default: 24")
    new.add_argument("--claim-file", type=Path, metavar="FILE", help="write the code here instead (mode 0600)")
    new.set_defaults(run=_claim_new)
    commands.add_parser("list", parents=[common], help="all claims").set_defaults(run=_claim_list)


def add_access(parser: argparse.ArgumentParser) -> None:
    """Add the option for the folder of who may come in."""
    parser.add_argument(
        "--access", type=Path, metavar="FOLDER", default=argparse.SUPPRESS,
        help=f"who may come in ({paths.home()}/central-access)",
    )  # fmt: skip
    parser.add_argument(
        "--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="the server's configuration (TOML)"
    )


def config_of(arguments: argparse.Namespace) -> "Config":
    """Give the server's configuration, an empty one where no file is named. Raises `BadInputError`."""
    with needing_extra():
        from appliance.central.config import Config, read_config  # noqa: PLC0415 - needs the extra

    chosen: Path | None = arguments.config if "config" in arguments else None
    return read_config(chosen) if chosen else Config()


@contextlib.contextmanager
def needing_extra() -> Iterator[None]:
    """Say what is missing when the packages of the server are not installed: a box has no need of them."""
    try:
        yield
    except ModuleNotFoundError as error:
        mend = "pip install 'undertone[central]'"
        raise BadInputError("the central server needs an extra that is not installed", mend=mend) from error


def access_folder(arguments: argparse.Namespace) -> Path:
    """Give the folder of who may come in."""
    chosen: Path | None = arguments.access if "access" in arguments else None
    return chosen or config_of(arguments).server.access or paths.home() / "central-access"


@contextlib.contextmanager
def opened_ca(arguments: argparse.Namespace) -> Iterator["CA"]:
    """Open the authority for one command."""
    from appliance.central.access.ca import CA  # noqa: PLC0415 - only here
    from appliance.central.access.store import open_access  # noqa: PLC0415 - only here

    folder = access_folder(arguments)
    with contextlib.closing(open_access(folder)) as database:
        yield CA(folder, database)


def say(arguments: argparse.Namespace, value: Any, text: str) -> int:  # noqa: ANN401 - any JSON value
    """Print what was done, for people or for a script."""
    sys.stdout.write((json.dumps(value) if arguments.json else text) + "\n")
    return 0


def _init(arguments: argparse.Namespace) -> int:
    from appliance.central.access.authority import fingerprint_of  # noqa: PLC0415 - only here

    with opened_ca(arguments) as ca:
        ca.init(arguments.name)
        authority = fingerprint_of(ca.trusted()[0])
    folder = access_folder(arguments)
    text = (
        f"made an authority in {folder}, fingerprint {authority}\n"
        f"Keep a copy of this folder in a safe place: who has it can pass for any box and for this server.\n"
        f"next: undertone central --device-listen 0.0.0.0:8711, and undertone central claim new --serial SERIAL"
    )
    return say(arguments, {"folder": str(folder), "fingerprint": authority, "names": arguments.name}, text)


def _issue(arguments: argparse.Namespace) -> int:
    from appliance.central.access.authority import RequestError, read_request  # noqa: PLC0415 - only here

    if bool(arguments.server_name) == bool(arguments.device and arguments.csr):
        raise BadInputError("nothing to sign", mend="give DEVICE and --csr FILE, or --server-name HOST")
    with opened_ca(arguments) as ca:
        if arguments.server_name:
            ca.issue_server(arguments.server_name)
            names = ", ".join(arguments.server_name)
            return say(arguments, {"server_names": arguments.server_name}, f"the server is certified as {names}")
        try:
            request = read_request(arguments.csr.read_text())
        except (OSError, UnicodeDecodeError, RequestError) as error:
            mend = "give a signing request in PEM, for a key on P-256"
            raise BadInputError(f"cannot be signed: {error}", where=str(arguments.csr), mend=mend) from error
        certificate = ca.issue_device(arguments.device, request)
    return say(arguments, {"device": arguments.device, "certificate": certificate}, certificate.rstrip())


def _list(arguments: argparse.Namespace) -> int:
    with opened_ca(arguments) as ca:
        issued, boxes = ca.issued(), ca.boxes() if ca.is_changing else []
    lines = [
        f"{item.device:24} authority {item.authority}  until {item.expires_at[:10]}  "
        + (f"revoked {item.revoked_at[:10]}: {item.reason}" if item.revoked_at else "good")
        for item in issued
    ]
    behind = [box for box in boxes if box.standing != "renewed"]
    if boxes:
        lines.append(
            f"a change of the authority is under way: {len(boxes) - len(behind)} of {len(boxes)} boxes are over"
        )
        lines += _told(behind)
    value = {
        "certificates": [item._asdict() for item in issued],
        "left_behind": [box.device for box in behind],
        "boxes": [box._asdict() for box in boxes],
    }
    return say(arguments, value, "\n".join(lines) or "no certificates")


def _told(behind: "Sequence[Box]") -> list[str]:
    from appliance.central.access.use import STANDINGS  # noqa: PLC0415 - only here

    return [f"{box.device:24} {STANDINGS[box.standing]}" for box in behind]


def _revoke(arguments: argparse.Namespace) -> int:
    with opened_ca(arguments) as ca:
        count = ca.revoke(arguments.device, arguments.reason)
    if not count:
        mend = "undertone central ca list"
        raise BadInputError(f"{arguments.device} holds no certificate that could be taken back", mend=mend)
    text = f"revoked {count} of {arguments.device}; a link that is up ends within ten seconds"
    return say(arguments, {"device": arguments.device, "revoked": count}, text)


def _rotate(arguments: argparse.Namespace) -> int:
    with opened_ca(arguments) as ca:
        if not arguments.finish:
            number = ca.rotate()
            text = (
                f"authority {number} signs from now on, and the old one is still trusted; boxes that are on line renew"
                " within two hours, others when they come.\n`ca list` shows how far each is; then `ca rotate --finish`"
            )
            return say(arguments, {"authority": number, "finished": False}, text)
        behind = [box for box in ca.boxes() if box.standing != "renewed"]
        claims = _waiting_claims(ca) if ca.is_changing else []
        if (behind or claims) and not arguments.leave_behind:
            lines = [*_told(behind), *(f"{device:24} has a claim that names the old authority" for device in claims)]
            raise BadInputError(
                f"{len(lines)} would be left behind:\n" + "\n".join(lines[:MAX_TOLD]),
                mend="wait until they have been on line, or add --leave-behind: they then need a new claim each",
            )
        ca.finish_rotation()
    value = {"left_behind": [box.device for box in behind], "claims_ended": claims, "finished": True}
    return say(arguments, value, "the old authority is retired; the server shows a certificate of the new one")


def _waiting_claims(ca: "CA") -> list[str]:
    from appliance.central.access import claims  # noqa: PLC0415 - only here
    from appliance.central.clock import utc_now  # noqa: PLC0415 - only here

    now = utc_now()
    return [item.device for item in claims.listed(ca.database) if item.used_at is None and item.expires_at > now]


def _claim_new(arguments: argparse.Namespace) -> int:
    from appliance.central.access import claims  # noqa: PLC0415 - only here
    from appliance.central.access.authority import fingerprint_of  # noqa: PLC0415 - only here
    from appliance.central.credentials import check_device_name  # noqa: PLC0415 - only here
    from appliance.delivery.enrolment import Claim, claim_code  # noqa: PLC0415 - only here
    from appliance.secret_file import write_secret  # noqa: PLC0415 - only here

    device = arguments.device or arguments.serial
    check_device_name(device)
    if not 0 < arguments.ttl <= MAX_TTL_H:
        raise BadInputError(f"{arguments.ttl:g} hours cannot be", where="--ttl", mend=f"from above 0 to {MAX_TTL_H}")
    with opened_ca(arguments) as ca:
        shown = ca.shown()
        token = claims.make_claim(ca.database, arguments.serial, device, timedelta(hours=arguments.ttl))
        code = claim_code(Claim(token, fingerprint_of(shown)))
    if arguments.claim_file is not None:
        write_secret(arguments.claim_file, code + "\n")
        code = str(arguments.claim_file)
    return say(arguments, {"claim": code, "device": device, "serial": arguments.serial}, code)


def _claim_list(arguments: argparse.Namespace) -> int:
    from appliance.central.access import claims  # noqa: PLC0415 - only here

    with opened_ca(arguments) as ca:
        waiting = claims.listed(ca.database)
    lines = [
        f"{item.device:24} serial {item.serial}  "
        + (f"used {item.used_at[:16]}" if item.used_at else f"until {item.expires_at[:16]}")
        for item in waiting
    ]
    return say(arguments, [item._asdict() for item in waiting], "\n".join(lines) or "no claims")
