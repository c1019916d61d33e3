"""`undertone central hook`: who is told when the state of a box changes."""

import argparse
import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from appliance.cli.central_ca import access_folder, add_access, say
from appliance.errors import BadInputError

EPILOG: Final = """examples:
  undertone central hook add pager https://alerts.example.com/undertone --state offline --state deaf
  undertone central hook test pager
  undertone central hook list             what waits, and what went wrong last

how to check the signature of what comes: appliance/central/README.md"""


def add_parsers(commands: Any) -> None:  # noqa: ANN401 - argparse does not name this type
    """Add `hook` with its own subcommands."""
    common = argparse.ArgumentParser(add_help=False)
    add_access(common)
    common.add_argument("--json", action="store_true", help="print one JSON value on stdout")
    raw = argparse.RawDescriptionHelpFormatter
    hook = commands.add_parser("hook", help="web hooks: tell a program of changes", epilog=EPILOG, formatter_class=raw)
    actions = hook.add_subparsers(metavar="add|list|test|remove", required=True)
    add = actions.add_parser("add", parents=[common], help="tell an address, signed with a new secret")
    add.add_argument("name", metavar="NAME")
    add.add_argument("url", metavar="URL", help="https://HOST/PATH")
    add.add_argument("--state", action="append", default=[], help="only this state and its end (repeat it)")
    add.add_argument("--allow-private", action="store_true", help="also http:// and addresses of your own network")
    add.set_defaults(run=_add)
    actions.add_parser("list", parents=[common], help="all hooks, and how they do").set_defaults(run=_list)
    for name, what, run in (("test", "send a test", _test), ("remove", "forget a hook and its secret", _remove)):
        action = actions.add_parser(name, parents=[common], help=what)
        action.add_argument("name", metavar="NAME")
        action.set_defaults(run=run)


@contextlib.contextmanager
def opened_fleet(arguments: argparse.Namespace) -> Iterator[sqlite3.Connection]:
    """Open the fleet's database for one command."""
    from appliance.central.watching.store import open_fleet  # noqa: PLC0415 - only here

    with contextlib.closing(open_fleet(access_folder(arguments))) as database:
        yield database


def _add(arguments: argparse.Namespace) -> int:
    from appliance.central.watching.hooks import add_hook  # noqa: PLC0415 - only here

    folder = access_folder(arguments)
    with opened_fleet(arguments) as database:
        secret = add_hook(
            database, folder, arguments.name, arguments.url, arguments.state, allow_private=arguments.allow_private
        )
    text = f"{arguments.name} is told from now on; give the receiver the secret in {secret}"
    return say(arguments, {"name": arguments.name, "secret_file": str(secret)}, text)


def _list(arguments: argparse.Namespace) -> int:
    from appliance.central.watching.hooks import hooks  # noqa: PLC0415 - only here

    with opened_fleet(arguments) as database:
        found = hooks(database)
    lines = [
        f"{hook.name:16} {hook.url}  {', '.join(hook.states) or 'all states'};"
        f" told {hook.told_at or 'never'}, {hook.waiting} wait, {hook.dropped} dropped"
        + (f"; last fault: {hook.fault}" if hook.fault else "")
        for hook in found
    ]
    return say(arguments, [hook._asdict() for hook in found], "\n".join(lines) or "no hooks")


def _test(arguments: argparse.Namespace) -> int:
    from appliance.central.watching.hooks import hooks, put_news  # noqa: PLC0415 - only here

    with opened_fleet(arguments) as database:
        if arguments.name not in {hook.name for hook in hooks(database)}:
            raise BadInputError(f"there is no hook {arguments.name!r}", mend="undertone central hook list")
        put_news(database, [{"kind": "test"}], arguments.name)
    text = "the running server sends a test within seconds; `undertone central hook list` tells what became of it"
    return say(arguments, {"name": arguments.name}, text)


def _remove(arguments: argparse.Namespace) -> int:
    from appliance.central.watching.hooks import remove_hook  # noqa: PLC0415 - only here

    with opened_fleet(arguments) as database:
        remove_hook(database, access_folder(arguments), arguments.name)
    return say(arguments, {"name": arguments.name}, f"{arguments.name} is told nothing any more")
