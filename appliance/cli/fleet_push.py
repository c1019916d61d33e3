"""`undertone fleet push`: bring what was prepared to boxes that run already, over ssh."""

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any, Final

from appliance.adapters.fleet_push import Pushed, Ssh, Target, push_all, targets
from appliance.cli.progress import progress
from appliance.errors import BadInputError
from appliance.fleet.settings import CLAIM_FILE

EXIT_TROUBLE: Final = 1

AT_ONCE: Final = 16
MOST_AT_ONCE: Final = 128
"""Connections, and processes of ssh here."""

EPILOG: Final = """OUT is the folder of `fleet prepare`. Each box is reached by ssh under its device's name, or as a
table says: lines of DEVICE,HOST. Ports, users, keys and known hosts are ssh's own business: --ssh-config. Done again it
does what is left: a box that has all says so. Exit code 1: some box was not reached, or refused."""


def add_push(commands: Any) -> None:  # noqa: ANN401 - argparse does not name this type
    """Add the command to those of `undertone fleet`."""
    parser = commands.add_parser(
        "push", help="bring what was prepared to boxes that run already, over ssh", description=__doc__, epilog=EPILOG
    )
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--hosts", type=Path, metavar="FILE", help="CSV: DEVICE,HOST")
    parser.add_argument("--only", action="append", default=[], metavar="DEVICE", help="this box (repeat it)")
    parser.add_argument("--waiting", action="store_true", help="only boxes whose claim was not used yet")
    parser.add_argument("--sudo", action="store_true", help="ssh leads to a user who may use sudo, not to root")
    parser.add_argument("--ssh-config", type=Path, metavar="FILE", help="given to ssh as -F FILE")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, metavar="N", help=f"boxes at a time ({AT_ONCE})")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--json", action="store_true", help="print one JSON list on stdout")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    boxes = _chosen(arguments)
    if arguments.dry_run:
        return _tell(arguments, [Pushed(box.device, box.host, "nothing to do", "a dry run") for box in boxes])
    options = ("-F", str(arguments.ssh_config)) if arguments.ssh_config else ()
    at_once = max(1, min(arguments.at_once, MOST_AT_ONCE))
    pushing = push_all(boxes, Ssh(options, arguments.sudo), at_once)
    return _tell(arguments, sorted(progress(pushing, len(boxes))))


def _chosen(arguments: argparse.Namespace) -> list[Target]:
    try:
        boxes = targets(arguments.out, _hosts(arguments.hosts) if arguments.hosts else {})
    except OSError as error:
        mend = "name the folder that `undertone fleet prepare --out` made"
        raise BadInputError(f"cannot be read ({error.strerror})", where=str(arguments.out), mend=mend) from error
    if unknown := set(arguments.only) - {box.device for box in boxes}:
        mend = "undertone fleet prepare makes the folders"
        raise BadInputError(f"nothing is prepared for {min(unknown)}", where=str(arguments.out), mend=mend)
    chosen = [box for box in boxes if not arguments.only or box.device in arguments.only]
    return [box for box in chosen if not arguments.waiting or (box.folder / CLAIM_FILE).is_file()]


def _hosts(table: Path) -> dict[str, str]:
    hosts: dict[str, str] = {}
    try:
        rows = list(csv.reader(table.read_text("utf-8-sig").splitlines()))
    except (OSError, UnicodeError, csv.Error) as error:
        raise BadInputError(f"cannot be read ({error})", where=str(table), mend="see --hosts") from error
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells == ["device", "host"]:
            continue
        if len(cells) != 2 or not all(cells) or cells[1].startswith("-"):
            raise BadInputError("not DEVICE,HOST", where=f"{table}, line {number}", mend="two cells on each line")
        if cells[0] in hosts:
            raise BadInputError(f"{cells[0]} stands here twice", where=f"{table}, line {number}", mend="take one out")
        hosts[cells[0]] = cells[1]
    return hosts


def _tell(arguments: argparse.Namespace, pushed: list[Pushed]) -> int:
    if arguments.json:
        sys.stdout.write(json.dumps([each._asdict() for each in pushed]) + "\n")
    else:
        sys.stdout.writelines(f"{each.device:32} {each.host:24} {each.state:14} {each.text}\n" for each in pushed)
        failed = sum(each.state == "failed" for each in pushed)
        sys.stdout.write(f"{len(pushed)} boxes, {failed} failed\n")
    return EXIT_TROUBLE if any(each.state == "failed" for each in pushed) else 0
