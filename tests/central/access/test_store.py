"""The database of who may come in, opened by several programs at once."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from appliance.central.access import audit, people, sessions
from appliance.central.access.store import DATABASE, open_access
from appliance.errors import BadInputError

ADD = """
import sys
from contextlib import closing
from pathlib import Path
from appliance.central.access.people import add_person
from appliance.central.access.store import open_access
with closing(open_access(Path(sys.argv[1]))) as database:
    add_person(database, sys.argv[2], ["auditor"], [])
"""


def test_a_server_with_two_connections_sees_what_another_program_commits_again_and_again(tmp_path: Path) -> None:
    with closing(open_access(tmp_path)) as one, closing(open_access(tmp_path)) as two:
        people.add_person(one, "own", ["auditor"], [])
        for number in range(3):
            subprocess.run([sys.executable, "-c", ADD, tmp_path, f"other{number}"], check=True)
            assert people.person(one, f"other{number}")
            assert people.person(two, f"other{number}")


def test_what_is_no_such_database_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"not a database, certainly not one" * 50)
    with pytest.raises(BadInputError, match=r"access\.sqlite: cannot be used for access"):
        open_access(tmp_path)


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with closing(open_access(tmp_path)) as database:
        database.execute("PRAGMA user_version=99")
    with pytest.raises(BadInputError, match="newer version"):
        open_access(tmp_path)


def test_a_database_of_the_first_version_goes_on(tmp_path: Path) -> None:
    with closing(open_access(tmp_path)) as database:
        people.add_person(database, "sam", ["auditor"], [])
        audit.note(database, "sam", "sign_in", "127.0.0.1")
        session = sessions.open_session(database, "sam")
        # As the first version had it.
        database.executescript(
            "ALTER TABLE sessions DROP COLUMN vouched; ALTER TABLE audit DROP COLUMN details; DROP TABLE used;"
            "PRAGMA user_version=1;"
        )
    with closing(open_access(tmp_path)) as database:
        assert sessions.session_of(database, session) is not None
        assert [(entry.who, entry.details) for entry in audit.entries(database)] == [("sam", "")]
        assert database.execute("SELECT count(*) FROM used").fetchone() == (0,)
