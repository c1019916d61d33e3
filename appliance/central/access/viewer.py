"""Signing in without a person, by whoever may write the folder of who may come in: for the demo, benchmarks, tests."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from appliance.central.access import people, sessions
from appliance.central.access.store import open_access

ALL_ROLES: Final = ("supervisor", "administrator", "auditor")


class Viewer(NamedTuple):
    """Somebody who is signed in: the session, and what must stand in requests that change something."""

    session: str
    csrf: str


def sign_in_viewer(folder: Path, name: str = "viewer", roles: Sequence[str] = ALL_ROLES) -> Viewer:
    """Sign somebody in, made first where there is no such person, who may see and do everything."""
    with contextlib.closing(open_access(folder)) as database:
        if people.person(database, name) is None:
            people.add_person(database, name, roles, [people.ALL_TEAMS])
        token = sessions.open_session(database, name)
        session = sessions.session_of(database, token)
    if session is None:
        raise RuntimeError("a session that was just opened is over")
    return Viewer(token, session.csrf)
