"""People, their sessions and links, and the record of what they do."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.central.access import audit, people, sessions
from appliance.central.access.store import open_access
from appliance.central.clock import as_text
from appliance.errors import BadInputError

PASSWORD = "correct horse battery"  # noqa: S105 - of nobody


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_access(tmp_path / "access")) as connection:
        yield connection


def fits(database: sqlite3.Connection, name: str, password: str) -> bool:
    return people.password_fits(people.password_hash(database, name), password)


def test_only_the_right_password_fits_and_it_is_kept_nowhere(database: sqlite3.Connection, tmp_path: Path) -> None:
    people.add_person(database, "sam", ["supervisor"], ["billing"], PASSWORD)
    assert fits(database, "sam", PASSWORD)
    assert not any(fits(database, "sam", wrong) for wrong in ("", PASSWORD + " ", "x" * 5000, "\udcff"))
    assert not fits(database, "nobody", PASSWORD)
    assert people.password_hash(database, "sam").startswith("$argon2id$")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert PASSWORD.encode() not in (tmp_path / "access" / "access.sqlite").read_bytes()


@pytest.mark.parametrize(
    ("name", "roles", "teams", "password", "what"),
    [
        ("a b", ["auditor"], [], None, "cannot be the name"),
        ("sam", ["king"], [], None, "no role 'king'"),
        ("sam", ["supervisor"], [], None, "sees nothing"),
        ("sam", ["auditor"], [], "short", "too short"),
        ("sam", ["auditor"], [], "x" * 2000, "far too long"),
    ],
)
def test_somebody_who_cannot_be_added_is_refused_with_the_mend(
    database: sqlite3.Connection, name: str, roles: list[str], teams: list[str], password: str | None, what: str
) -> None:
    with pytest.raises(BadInputError, match=what) as error:
        people.add_person(database, name, roles, teams, password)
    assert error.value.mend
    assert people.persons(database) == []


def test_a_supervisor_sees_the_devices_of_their_teams_as_they_are_now(database: sqlite3.Connection) -> None:
    people.add_person(database, "sam", ["supervisor"], ["billing"])
    people.add_person(database, "kim", ["supervisor"], [people.ALL_TEAMS])
    people.add_person(database, "ada", ["administrator", "auditor"], [])
    sam, kim, ada = (people.person(database, name) for name in ("sam", "kim", "ada"))
    assert sam
    assert kim
    assert ada
    people.set_team(database, "desk-1", "billing")
    people.set_team(database, "desk-2", "sales")
    assert [people.sight(database, sam).sees(device) for device in ("desk-1", "desk-2", "desk-3")] == [
        True,
        False,
        False,
    ]
    assert people.sight(database, kim).sees("desk-3")
    assert not people.sight(database, ada).sees("desk-1")
    people.set_team(database, "desk-1", None)
    assert not people.sight(database, sam).sees("desk-1")


def test_a_new_password_and_a_removal_end_sessions_at_once(database: sqlite3.Connection) -> None:
    people.add_person(database, "sam", ["auditor"], [])
    token = sessions.open_session(database, "sam")
    assert sessions.session_of(database, token)
    people.set_password(database, "sam", PASSWORD)
    assert sessions.session_of(database, token) is None
    token = sessions.open_session(database, "sam")
    people.remove_person(database, "sam")
    assert sessions.session_of(database, token) is None
    with pytest.raises(BadInputError, match="nobody called 'sam'"):
        people.remove_person(database, "sam")


@pytest.mark.parametrize(
    ("column", "ago", "is_over"),
    [
        ("seen_at", sessions.IDLE - timedelta(minutes=1), False),
        ("seen_at", sessions.IDLE + timedelta(minutes=1), True),
        ("opened_at", sessions.AGE - timedelta(minutes=1), False),
        ("opened_at", sessions.AGE + timedelta(minutes=1), True),
    ],
)
def test_a_session_ends_by_idleness_and_by_age(
    database: sqlite3.Connection, column: str, ago: timedelta, is_over: bool
) -> None:
    people.add_person(database, "sam", ["auditor"], [])
    token = sessions.open_session(database, "sam")
    database.execute(f"UPDATE sessions SET {column}=?", (as_text(datetime.now(UTC) - ago),))  # noqa: S608 - named above
    assert (sessions.session_of(database, token) is None) == is_over
    if not is_over:
        seen = database.execute("SELECT seen_at FROM sessions").fetchone()[0]
        assert seen > as_text(datetime.now(UTC) - sessions.TOUCH_EVERY), "it is in use"


def test_signing_out_ends_a_session_and_a_link_works_once(database: sqlite3.Connection) -> None:
    people.add_person(database, "sam", ["auditor"], [])
    token = sessions.open_session(database, "sam")
    sessions.close_session(database, token)
    assert sessions.session_of(database, token) is None
    link = sessions.make_link(database, "sam")
    assert sessions.take_link(database, link) == "sam"
    assert sessions.take_link(database, link) is None
    late = sessions.make_link(database, "sam")
    database.execute("UPDATE links SET expires_at=?", (as_text(datetime.now(UTC) - timedelta(seconds=1)),))
    assert sessions.take_link(database, late) is None


def test_the_record_is_read_newest_first_by_person_and_by_call(database: sqlite3.Connection) -> None:
    for who, call in (("sam", "c1"), ("kim", "c1"), ("sam", "c2")):
        audit.note(database, who, "read_call", "127.0.0.1", "desk-1", call)
    assert [entry.call for entry in audit.entries(database, who="sam")] == ["c2", "c1"]
    assert [entry.who for entry in audit.entries(database, call="c1")] == ["kim", "sam"]
    assert len(audit.entries(database, limit=2)) == 2
