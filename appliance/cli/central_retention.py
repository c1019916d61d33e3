"""`undertone central retention`: delete what is too old now, or tell what that would be."""

import argparse
import contextlib
import getpass
from pathlib import Path
from typing import Any

from appliance.adapters import paths
from appliance.cli.central_ca import access_folder, add_access, config_of, say
from appliance.errors import BadInputError


def add_parsers(commands: Any) -> None:  # noqa: ANN401 - argparse does not name this type
    """Add `retention`."""
    parser = commands.add_parser(
        "retention",
        help="delete what is too old, as [retention] of the configuration says",
        description="Delete what is older than [retention] of the configuration allows, and look into the files for "
        "what may be left of it. A running server does so once a day by itself; both may run at the same time.",
    )
    add_access(parser)
    parser.add_argument(
        "--database", type=Path, metavar="FILE", default=argparse.SUPPRESS,
        help=f"the store ({paths.home()}/central.sqlite)",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="count what would be deleted, and change nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON value on stdout")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    config = config_of(arguments)
    keep = config.retention
    if not keep.deletes:
        mend = "add [retention] with words_days, calls_days or audit_days, and name the file with --config"
        raise BadInputError("the configuration deletes nothing", mend=mend)
    from appliance.central import retention, store  # noqa: PLC0415 - only here
    from appliance.central.access.store import open_access  # noqa: PLC0415 - only here

    chosen: Path | None = arguments.database if "database" in arguments else None
    database = chosen or config.server.database or paths.home() / "central.sqlite"
    with (
        contextlib.closing(store.open_database(database)) as calls,
        contextlib.closing(open_access(access_folder(arguments))) as access,
    ):
        if arguments.dry_run:
            done = retention.due(calls, access, keep)
        else:
            done = retention.run_once(calls, access, keep, f"({getpass.getuser()} at the server)")
    value = {"dry_run": arguments.dry_run, **done._asdict(), "gone": None if arguments.dry_run else done.gone}
    verb = "would be deleted" if arguments.dry_run else "deleted"
    text = f"{verb}: the words of {done.words} calls, {done.calls} calls, {done.audit} entries of who looked"
    if not arguments.dry_run:
        text += "\nno file holds them any more" if done.gone else "\na reader was in the way: do it again in a while"
    say(arguments, value, text)
    return 0 if arguments.dry_run or done.gone else 1
