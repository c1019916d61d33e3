"""`undertone central update`: releases for the fleet, in rings."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from appliance.adapters.update_keys import read_public_key
from appliance.cli.central_ca import access_folder, add_access, say
from appliance.cli.central_hook import opened_fleet
from appliance.errors import BadInputError
from appliance.update.rollout import SOAK_S, Box, halted, resumed

if TYPE_CHECKING:
    import sqlite3

MAX_SOAK_H: Final = 24.0 * 30

EXIT_HALTED: Final = 1

EPILOG: Final = """examples:
  undertone update sign undertone-5.tar.gz --number 5 --version 0.2.0 --ring 100 --key keys/office-2026.key
  undertone central update publish release.json --trust keys/office-2026.pub --first desk-1 --first desk-2
  undertone central update status         how far it is; 1 when it is halted
  undertone central update halt --why "complaints from Hamburg"
  undertone central update resume         after you have looked at the boxes that fell

boxes look for it at https://SERVER/v1/updates/DEVICE/release.json, see [update] in their settings"""


def add_parsers(commands: Any) -> None:  # noqa: ANN401 - argparse does not name this type
    """Add `update` with its own subcommands."""
    common = argparse.ArgumentParser(add_help=False)
    add_access(common)
    common.add_argument("--json", action="store_true", help="print one JSON value on stdout")
    raw = argparse.RawDescriptionHelpFormatter
    update = commands.add_parser("update", help="releases for the fleet, in rings", epilog=EPILOG, formatter_class=raw)
    actions = update.add_subparsers(metavar="publish|status|halt|resume", required=True)
    publish = actions.add_parser("publish", parents=[common], help="begin with the first ring of a signed release")
    publish.add_argument("offer", type=Path, metavar="RELEASE.JSON", help="its archive lies beside it")
    publish.add_argument(
        "--trust", type=Path, action="append", required=True, metavar="FILE", help="NAME.pub that boxes trust"
    )
    publish.add_argument("--first", action="append", default=[], metavar="DEVICE", help="the first ring, by name")
    publish.add_argument(
        "--soak", type=_soak_h, default=SOAK_S / 3600, metavar="HOURS", help=f"between rings ({SOAK_S / 3600:g})"
    )
    publish.set_defaults(run=_publish)
    status = actions.add_parser("status", parents=[common], help="how far each release is, and what fell")
    status.set_defaults(run=_status)
    halt = actions.add_parser("halt", parents=[common], help="offer the newest release to nobody more")
    halt.add_argument("--why", default="halted by hand", help="for the page and for `status`")
    halt.set_defaults(run=_halt)
    resume = actions.add_parser("resume", parents=[common], help="go on; the boxes that fell no longer count")
    resume.set_defaults(run=_resume)


def _soak_h(text: str) -> float:
    hours = float(text)
    if not 0 <= hours <= MAX_SOAK_H:
        raise argparse.ArgumentTypeError(f"{text}: give hours from 0 to {MAX_SOAK_H:g}")
    return hours


def _publish(arguments: argparse.Namespace) -> int:
    from appliance.central.updates.rollouts import publish  # noqa: PLC0415 - only here

    trusted = {file.stem: read_public_key(file) for file in arguments.trust}
    with opened_fleet(arguments) as database:
        if strange := set(arguments.first) - _boxes(database).keys():
            mend = "undertone fleet status names them; a box is known some seconds after it was claimed"
            raise BadInputError(f"there is no box {min(strange)!r}", where="--first", mend=mend)
        release = publish(
            database,
            access_folder(arguments),
            arguments.offer,
            trusted,
            first=tuple(arguments.first),
            soak_s=arguments.soak * 3600,
        )
    text = f"release {release.number} ({release.version}) is offered to its first ring from now on"
    return say(arguments, {"number": release.number, "version": release.version}, text)


def _status(arguments: argparse.Namespace) -> int:
    from appliance.central.updates.rollouts import rollouts  # noqa: PLC0415 - only here
    from appliance.central.updates.status import in_words, statuses  # noqa: PLC0415 - only here

    with opened_fleet(arguments) as database:
        found = statuses(rollouts(database), _boxes(database))
    lines = [in_words(status) for status in found]
    say(arguments, msgspec.to_builtins(found), "\n".join(lines) or "no release was published")
    return EXIT_HALTED if found and found[0].state == "halted" else 0


def _halt(arguments: argparse.Namespace) -> int:
    from appliance.central.updates.rollouts import change  # noqa: PLC0415 - only here

    with opened_fleet(arguments) as database:
        before = change(database, lambda rollout: halted(rollout, arguments.why))
    if before is None:
        raise _nothing()
    text = f"release {before.number} is offered to nobody more; boxes that have it keep it"
    return say(arguments, {"number": before.number, "why": arguments.why}, text)


def _resume(arguments: argparse.Namespace) -> int:
    from appliance.central.updates.rollouts import change  # noqa: PLC0415 - only here

    with opened_fleet(arguments) as database:
        boxes = _boxes(database)
        before = change(database, lambda rollout: resumed(rollout, boxes))
    if before is None:
        raise _nothing()
    if not before.halted:
        sys.stderr.write(f"undertone: release {before.number} was not halted\n")
    return say(arguments, {"number": before.number}, f"release {before.number} goes on")


def _boxes(database: "sqlite3.Connection") -> dict[str, Box]:
    """Give the boxes as the server has kept them."""
    from appliance.central.updates.rollouts import kept_boxes  # noqa: PLC0415 - only here

    return kept_boxes(database, datetime.now(UTC))


def _nothing() -> BadInputError:
    return BadInputError("no release was published", mend="undertone central update publish RELEASE.JSON --trust KEY")
