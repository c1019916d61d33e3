"""`undertone central user`, `team` and `audit`: people who sign in, teams of devices, and who looked at what."""

import argparse
import contextlib
import getpass
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from appliance.cli.central_ca import access_folder, add_access, needing_extra, say
from appliance.errors import BadInputError

ROLES: Final = ("supervisor", "administrator", "auditor", "system")
DEFAULT_PAGE: Final = "http://127.0.0.1:8710"
MAX_PASSWORD_FILE_BYTES: Final = 4096

EPILOG: Final = """examples:
  undertone central user add sam --role supervisor --team billing
  undertone central user add kim --role supervisor --role auditor --all-teams --link
  undertone central user add crm --role system       prints the token for its requests, once
  undertone central user link sam                    an address that signs sam in once, without a password"""


def add_parsers(commands: Any) -> None:  # noqa: ANN401 - argparse does not name this type
    """Add `user`, `team` and `audit` with their own subcommands."""
    raw = argparse.RawDescriptionHelpFormatter
    common = argparse.ArgumentParser(add_help=False)
    add_access(common)
    common.add_argument("--json", action="store_true", help="print one JSON value on stdout")
    user = commands.add_parser("user", help="people who may sign in", epilog=EPILOG, formatter_class=raw)
    _add_user(user.add_subparsers(metavar="add|list|remove|passwd|sign-out|link", required=True), common)
    team = commands.add_parser("team", help="teams of devices, each seen by its supervisors")
    _add_team(team.add_subparsers(metavar="set|list", required=True), common)
    audit = commands.add_parser("audit", parents=[common], help="who looked at which call")
    audit.add_argument("--who", metavar="NAME", help="one person alone")
    audit.add_argument("--call", help="one call alone")
    audit.add_argument("--limit", type=int, default=100, help="the newest; default: 100")
    audit.set_defaults(run=_audit)


def _add_user(commands: Any, common: argparse.ArgumentParser) -> None:  # noqa: ANN401 - as above
    add = commands.add_parser("add", parents=[common], help="add somebody; asks for a password")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--role", action="append", choices=ROLES, required=True, help="what they are (repeat it)")
    teams = add.add_mutually_exclusive_group()
    teams.add_argument("--team", action="append", default=[], help="a supervisor's team (repeat it)")
    teams.add_argument("--all-teams", action="store_true", help="a supervisor of all devices")
    ways = add.add_mutually_exclusive_group()
    ways.add_argument("--password-file", type=Path, metavar="FILE", help="a file with the password; - for stdin")
    ways.add_argument("--link", action="store_true", help="no password: print an address that signs in once")
    add.add_argument("--page", default=DEFAULT_PAGE, metavar="URL", help=f"the page's address ({DEFAULT_PAGE})")
    add.set_defaults(run=_user_add)
    commands.add_parser("list", parents=[common], help="everybody").set_defaults(run=_user_list)
    remove = commands.add_parser("remove", parents=[common], help="forget somebody; ends their sessions at once")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=_user_remove)
    passwd = commands.add_parser("passwd", parents=[common], help="a new password; ends their sessions at once")
    passwd.add_argument("name", metavar="NAME")
    passwd.add_argument("--password-file", type=Path, metavar="FILE", help="a file with the password; - for stdin")
    passwd.set_defaults(run=_user_passwd)
    out = commands.add_parser("sign-out", parents=[common], help="end somebody's sessions, also one by OpenID Connect")
    out.add_argument("name", metavar="NAME")
    out.set_defaults(run=_user_sign_out)
    link = commands.add_parser("link", parents=[common], help="an address that signs somebody in once, for a day")
    link.add_argument("name", metavar="NAME")
    link.add_argument("--page", default=DEFAULT_PAGE, metavar="URL", help=f"the page's address ({DEFAULT_PAGE})")
    link.set_defaults(run=_user_link)


def _add_team(commands: Any, common: argparse.ArgumentParser) -> None:  # noqa: ANN401 - as above
    put = commands.add_parser("set", parents=[common], help="put devices into a team")
    put.add_argument("team", metavar="TEAM", help="- takes them out of all")
    put.add_argument("devices", nargs="+", metavar="DEVICE")
    put.set_defaults(run=_team_set)
    commands.add_parser("list", parents=[common], help="all teams").set_defaults(run=_team_list)


@contextlib.contextmanager
def _opened(arguments: argparse.Namespace) -> Iterator[sqlite3.Connection]:
    with needing_extra():
        import argon2  # noqa: F401, PLC0415 - a box has no need of it

        from appliance.central.access.store import open_access  # noqa: PLC0415 - only here
    with contextlib.closing(open_access(access_folder(arguments))) as database:
        yield database


def _user_add(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as database:
        from appliance.central.access import people  # noqa: PLC0415 - needs argon2

        is_system = "system" in arguments.role
        password = None if arguments.link or is_system else _password(arguments)
        teams = [people.ALL_TEAMS] if arguments.all_teams else arguments.team
        token = people.add_person(database, arguments.name, arguments.role, teams, password)
        link = _link(database, arguments) if arguments.link else None
    value = {"name": arguments.name, "roles": arguments.role, "token": token, "link": link}
    return say(arguments, value, token or link or f"{arguments.name} may sign in")


def _user_list(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as database:
        from appliance.central.access import people  # noqa: PLC0415 - needs argon2

        found = people.persons(database)
    lines = [
        f"{who.name:24} {', '.join(sorted(who.roles))}"
        + (f"  teams: {', '.join(sorted(who.teams))}" if who.teams else "")
        for who in found
    ]
    value = [{"name": who.name, "roles": sorted(who.roles), "teams": sorted(who.teams)} for who in found]
    return say(arguments, value, "\n".join(lines) or "nobody may sign in: undertone central user add")


def _user_remove(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as database:
        from appliance.central.access import people  # noqa: PLC0415 - needs argon2

        people.remove_person(database, arguments.name)
    return say(arguments, {"removed": arguments.name}, f"{arguments.name} is signed out and cannot sign in any more")


def _user_passwd(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as database:
        from appliance.central.access import people  # noqa: PLC0415 - needs argon2

        people.set_password(database, arguments.name, _password(arguments))
    return say(arguments, {"name": arguments.name}, f"{arguments.name} has a new password and is signed out")


def _user_sign_out(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as database:
        from appliance.central.access import sessions  # noqa: PLC0415 - needs argon2

        count = sessions.close_sessions(database, arguments.name)
    return say(arguments, {"name": arguments.name, "sessions": count}, f"{count} sessions of {arguments.name} ended")


def _user_link(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as database:
        link = _link(database, arguments)
    return say(arguments, {"name": arguments.name, "link": link}, link)


def _link(database: sqlite3.Connection, arguments: argparse.Namespace) -> str:
    from appliance.central.access import people, sessions  # noqa: PLC0415 - needs argon2

    if people.person(database, arguments.name) is None:
        raise BadInputError(f"there is nobody called {arguments.name!r}", mend="undertone central user list")
    return f"{arguments.page.rstrip('/')}/sign-in#link={sessions.make_link(database, arguments.name)}"


def _team_set(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as database:
        from appliance.central.access import people  # noqa: PLC0415 - needs argon2

        team = None if arguments.team == "-" else arguments.team
        for device in arguments.devices:
            people.set_team(database, device, team)
    text = f"{', '.join(arguments.devices)}: {team or 'in no team'}"
    return say(arguments, {"team": team, "devices": arguments.devices}, text)


def _team_list(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as database:
        from appliance.central.access import people  # noqa: PLC0415 - needs argon2

        found = people.teams(database)
    return say(arguments, found, "\n".join(f"{team:24} {device}" for device, team in found.items()) or "no teams")


def _audit(arguments: argparse.Namespace) -> int:
    if arguments.limit < 1:
        raise BadInputError(f"{arguments.limit} entries cannot be shown", where="--limit", mend="give 1 or more")
    with _opened(arguments) as database:
        from appliance.central.access import audit  # noqa: PLC0415 - only here

        found = audit.entries(database, who=arguments.who, call=arguments.call, limit=arguments.limit)
    lines = [" ".join(filter(None, [item.at, f"{item.who:16}", *item[3:]])) for item in found]
    return say(arguments, [item._asdict() for item in found], "\n".join(lines) or "nobody did anything yet")


def _password(arguments: argparse.Namespace) -> str:
    file: Path | None = arguments.password_file
    if file is None:
        if not sys.stdin.isatty():
            mend = "give --password-file FILE, or - to read it from stdin"
            raise BadInputError("nobody is there to type the password", mend=mend)
        return getpass.getpass(f"new password for {arguments.name}: ")
    try:
        with sys.stdin if str(file) == "-" else file.open(encoding="utf-8") as source:
            return source.read(MAX_PASSWORD_FILE_BYTES).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"the password cannot be read: {error}", where=str(file), mend="check the file") from error
