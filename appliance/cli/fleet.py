"""`undertone fleet`: a hundred boxes from one table, and what has become of them."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from appliance.adapters import model_store
from appliance.adapters.enrolment import read_site
from appliance.cli.central_ca import access_folder, add_access, opened_ca, say
from appliance.cli.central_hook import opened_fleet
from appliance.cli.fleet_push import add_push
from appliance.cli.progress import progress
from appliance.config import parse_settings
from appliance.errors import BadInputError
from appliance.escalation.rules import parse_rules
from appliance.fleet.settings import SETTINGS_FILE, settings_text
from appliance.fleet.table import COLUMNS, Box, Known, Problem, read_fleet
from appliance.light_settings import LightKind
from appliance.line_settings import LINE_KINDS

if TYPE_CHECKING:
    from appliance.central.fleet import Office, Plan, Prepared

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_PROBLEMS: Final = 2
DEFAULT_TTL_H: Final = 24.0 * 14
"""From printing the labels to the last desk of a roll-out."""

SHOWN_PROBLEMS: Final = 50
"""Of a table of ten thousand wrong rows a person reads the first; `--json` has all."""

EPILOG: Final = f"""the table is CSV with these columns: {",".join(COLUMNS)}

examples:
  undertone fleet check fleet.csv
  undertone fleet prepare fleet.csv --server https://calls.example.com:8711 --out roll-out
  undertone fleet status
  undertone fleet replace berlin-12 --serial 10000000abcd --server https://calls.example.com:8711 --out roll-out

`prepare` makes a folder for each box; copy it as `undertone` onto the boot partition of its card, or scan the label."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand and its own."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("fleet", description=__doc__, epilog=EPILOG, formatter_class=raw)
    commands = parser.add_subparsers(metavar="check|prepare|push|status|replace|decommission", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON value on stdout")
    server = argparse.ArgumentParser(add_help=False, parents=[common])
    add_access(server)
    files = argparse.ArgumentParser(add_help=False, parents=[server])
    files.add_argument("--server", required=True, metavar="URL", help="https://HOST:PORT of the port for devices")
    files.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the boxes' files go")
    files.add_argument(
        "--claims-only", action="store_true", help="cards hold a claim alone: boxes find the server and ask it"
    )
    files.add_argument("--rules", type=Path, metavar="FILE", help="the rule pack that the boxes are given")
    files.add_argument("--template", type=Path, metavar="FILE", help="settings with {device}, {url}, ... in them")
    files.add_argument("--ttl", type=float, default=DEFAULT_TTL_H, metavar="HOURS", help="how long claims hold (336)")
    check = commands.add_parser("check", parents=[common], help="say all that is wrong with a table")
    check.add_argument("table", type=Path, metavar="FILE")
    check.set_defaults(run=_check)
    prepare = commands.add_parser("prepare", parents=[files], help="make claims, files for each box, and labels")
    prepare.add_argument("table", type=Path, metavar="FILE")
    prepare.add_argument("--dry-run", action="store_true", help="only say what would be done")
    prepare.set_defaults(run=_prepare)
    add_push(commands)
    status = commands.add_parser("status", parents=[server], help="which boxes have enrolled and which have not")
    status.set_defaults(run=_status)
    replace = commands.add_parser("replace", parents=[files], help="give a desk to a new box; the old one is shut out")
    replace.add_argument("device", metavar="DEVICE", help="the name that the new box takes over")
    replace.add_argument("--serial", required=True, help="the new box's serial number")
    replace.set_defaults(run=_replace)
    end = commands.add_parser("decommission", parents=[server], help="shut a box out for good")
    end.add_argument("device", metavar="DEVICE")
    end.add_argument("--proof", type=Path, metavar="FILE", help="what `undertone wipe --report FILE` wrote on the box")
    end.set_defaults(run=_decommission)


def known() -> Known:
    """Give what may stand in a table on this machine."""
    languages = {tag.split("-")[0] for model in model_store.catalogue() for tag in model.languages}
    return Known(languages, LINE_KINDS, get_args(LightKind))


def _check(arguments: argparse.Namespace) -> int:
    boxes, problems = _read(arguments.table)
    if problems:
        return _tell(arguments, problems)
    return say(arguments, {"boxes": len(boxes), "problems": []}, f"{len(boxes)} boxes, nothing is wrong")


def _read(table: Path) -> tuple[Sequence[Box], Sequence[Problem]]:
    try:
        return read_fleet(table.read_bytes(), known())
    except OSError as error:
        text = f"the table cannot be read ({error.strerror})"
        raise BadInputError(text, where=str(table), mend="check the path and its rights") from error


def _tell(arguments: argparse.Namespace, problems: Sequence[Problem]) -> int:
    """Tell what is wrong, all of it where a program reads it."""
    if arguments.json:
        sys.stdout.write(json.dumps({"problems": [problem._asdict() for problem in problems]}) + "\n")
    for problem in problems[:SHOWN_PROBLEMS]:
        sys.stderr.write(f"{arguments.table}, line {problem.line}: {problem.text}\n  mend: {problem.mend}\n")
    if len(problems) > SHOWN_PROBLEMS:
        sys.stderr.write(f"... and {len(problems) - SHOWN_PROBLEMS} more (--json has them all)\n")
    sys.stderr.write(f"undertone: {len(problems)} problems; nothing was done\n")
    return EXIT_PROBLEMS


def _prepare(arguments: argparse.Namespace) -> int:
    boxes, problems = _read(arguments.table)
    if problems:
        return _tell(arguments, problems)
    plans = _plans(arguments, boxes)
    if arguments.dry_run:
        text = "\n".join(f"{plan.box.name:32} {plan.box.serial}" for plan in plans)
        value = [{"device": plan.box.name, "serial": plan.box.serial} for plan in plans]
        return say(
            arguments, value, f"{text}\nnothing was done: {len(plans)} boxes would be prepared in {arguments.out}"
        )
    return _write(arguments, plans)


def _plans(arguments: argparse.Namespace, boxes: Iterable[Box]) -> list["Plan"]:
    """Make each box's settings and check them as the box will, before anything is written."""
    from appliance.central.fleet import Plan  # noqa: PLC0415 - only here

    site = read_site(arguments.server)
    template = _text_of(arguments.template, "see --template") if arguments.template else None
    plans = [Plan(box, settings_text(box, site.url, template)) for box in boxes]
    for plan in plans:
        parse_settings(plan.settings, f"the template, filled for {plan.box.name}", Path("/etc/undertone"))
    return plans


def _write(arguments: argparse.Namespace, plans: Sequence["Plan"]) -> int:
    from appliance.central.fleet import prepare  # noqa: PLC0415 - only here
    from appliance.central.label_sheet import write_labels  # noqa: PLC0415 - needs the extra

    office = _office(arguments)
    with opened_ca(arguments) as ca:
        working = prepare(ca, plans, office, timedelta(hours=arguments.ttl))
        done = list(progress(working, len(plans)))
    labels = arguments.out / "labels.pdf"
    write_labels(labels, done)
    value = {"labels": str(labels), "boxes": [_as_row(each) for each in done]}
    text = "\n".join(f"{each.box.name:32} {each.box.serial:20} {each.state:9} {each.folder}" for each in done)
    return say(arguments, value, f"{text}\nlabels: {labels} (secret: each code lets one box in)")


def _office(arguments: argparse.Namespace) -> "Office":
    from appliance.central.desks import Desks  # noqa: PLC0415 - only here
    from appliance.central.fleet import Office  # noqa: PLC0415 - only here

    rules = None
    if arguments.rules:
        rules = _text_of(arguments.rules, "see --rules")
        parse_rules(rules, str(arguments.rules))
    server = None if arguments.claims_only else arguments.server
    return Office(Desks(access_folder(arguments)), arguments.out, server, rules)


def _text_of(file: Path, mend: str) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise BadInputError(f"cannot be read ({error})", where=str(file), mend=mend) from error


def _as_row(done: "Prepared") -> dict[str, str]:
    return {
        "device": done.box.name, "serial": done.box.serial, "state": done.state, "folder": str(done.folder),
    }  # fmt: skip


def _status(arguments: argparse.Namespace) -> int:
    from appliance.central.fleet import standing  # noqa: PLC0415 - only here
    from appliance.central.watching.store import box_rows  # noqa: PLC0415 - only here

    with opened_ca(arguments) as ca:
        found = standing(ca)
    with opened_fleet(arguments) as database:
        health = {row.device: row for row in box_rows(database)}
    lines, values = [], []
    for each in found:
        seen = health.get(each.device)
        how = f"  {seen.state}: {seen.why}" if seen else ""
        lines.append(f"{each.device:32} {each.serial:20} {each.state:13} since {each.since[:16]}{how}")
        told = {"health": seen.state, "why": seen.why, "health_since": seen.state_since} if seen else {"health": None}
        values.append(each._asdict() | told)
    return say(arguments, values, "\n".join(lines) or "no boxes")


def _replace(arguments: argparse.Namespace) -> int:
    from appliance.central.fleet import Desk, replace  # noqa: PLC0415 - only here

    read_site(arguments.server)
    office = _office(arguments)
    folder = arguments.out / arguments.device
    source = arguments.template or folder / SETTINGS_FILE
    mend = "name the desk's settings with --template FILE, or the folder of `fleet prepare` with --out"
    kept = "" if arguments.template else office.desks.settings(arguments.device)
    settings = kept or _text_of(source, mend)
    if parse_settings(settings, str(source), Path("/etc/undertone")).device != arguments.device:
        raise BadInputError("these are another device's settings", where=str(source), mend="check the name")
    with opened_ca(arguments) as ca:
        desk, life = Desk(arguments.device, settings, folder), timedelta(hours=arguments.ttl)
        count = replace(ca, desk, arguments.serial, office, life)
    text = f"{arguments.device} is shut out ({count} certificates); the new box's files: {folder}"
    return say(arguments, {"device": arguments.device, "revoked": count, "folder": str(folder)}, text)


def _decommission(arguments: argparse.Namespace) -> int:
    from appliance.central.fleet import set_team  # noqa: PLC0415 - only here
    from appliance.central.wiped import last_report, take_report  # noqa: PLC0415 - only here

    with opened_ca(arguments) as ca:
        if arguments.proof and take_report(ca, _bytes_of(arguments.proof), "", arguments.device).left:
            raise BadInputError("something was left on the box", where=str(arguments.proof), mend="wipe it again")
        count = ca.revoke(arguments.device, "decommissioned")
        set_team(ca.database, arguments.device, "")
        wiped = last_report(ca.database, arguments.device)
    if not count and wiped is None:
        where = str(access_folder(arguments))
        raise BadInputError(f"{arguments.device} holds no certificate", where=where, mend="undertone fleet status")
    missing = "no proof that it is wiped; on the box: undertone wipe --yes --report FILE, then here again with --proof"
    proof = f"wiped, as it says itself: {wiped}" if wiped else missing
    value = {"device": arguments.device, "revoked": count, "wiped": wiped}
    return say(arguments, value, f"{arguments.device} is shut out; {proof}")


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInputError(f"cannot be read ({error.strerror})", where=str(file), mend="see --proof") from error
