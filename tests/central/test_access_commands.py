"""`undertone central ca`, `claim`, `user`, `team` and `audit` as people type them."""

import json
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from appliance.central.access import audit, people
from appliance.central.access.store import open_access
from appliance.cli import main
from appliance.delivery.enrolment import parse_claim


class Shell:
    """Types commands of one server's folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def do(self, *words: str) -> str:
        """Give what a command prints that goes well."""
        assert main(["central", *words, "--access", str(self.folder)]) == 0
        return self._capsys.readouterr().out

    def json(self, *words: str) -> Any:
        return json.loads(self.do(*words, "--json"))

    def refused(self, *words: str) -> str:
        """Give the message and the mend of a command that is refused."""
        assert main(["central", *words, "--access", str(self.folder)]) == 2
        said = self._capsys.readouterr().err
        assert "mend: " in said
        return said


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path / "access", capsys)


def test_an_authority_is_made_once_and_claims_name_it(shell: Shell, tmp_path: Path) -> None:
    assert "no authority yet" in shell.refused("claim", "new", "--serial", "1")
    made = shell.json("ca", "init", "--name", "localhost")
    assert "authority already" in shell.refused("ca", "init", "--name", "localhost")
    claim = parse_claim(shell.do("claim", "new", "--serial", "abc", "--device", "desk-1"))
    assert claim.fingerprint == made["fingerprint"]
    file = tmp_path / "claim"
    shell.do("claim", "new", "--serial", "abc", "--device", "desk-1", "--claim-file", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert parse_claim(file.read_text()).token != claim.token
    assert [item["device"] for item in shell.json("claim", "list")] == ["desk-1"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("claim", "new", "--serial", "a b"), "cannot be the name of a device"),
        (("claim", "new", "--serial", "1", "--ttl", "0"), "0 hours cannot be"),
        (("ca", "revoke", "desk-9"), "holds no certificate"),
        (("ca", "issue"), "nothing to sign"),
        (("ca", "issue", "desk-1", "--csr", "/none"), "cannot be signed"),
        (("ca", "rotate", "--finish"), "no change of the authority"),
        (("user", "remove", "sam"), "nobody called 'sam'"),
        (("user", "link", "sam"), "nobody called 'sam'"),
        (("user", "add", "sam", "--role", "supervisor", "--link"), "sees nothing"),
        (("team", "set", "*", "desk-1"), "cannot be the name of a team"),
        (("audit", "--limit", "0"), "0 entries"),
    ],
)
def test_what_cannot_be_done_is_one_message_with_the_mend(shell: Shell, words: tuple[str, ...], what: str) -> None:
    shell.do("ca", "init", "--name", "localhost")
    assert what in shell.refused(*words)


def test_a_password_is_read_from_a_pipe_and_never_waited_for_where_nobody_types(tmp_path: Path) -> None:
    def add(name: str, *words: str) -> "subprocess.CompletedProcess[str]":
        program = "import sys; from appliance.cli import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", program, "central", "user", "add", name, "--role", "auditor", *words]
        command += ["--access", str(tmp_path / "access")]
        return subprocess.run(command, input="correct horse battery\n", capture_output=True, text=True, check=False)

    refused = add("sam")
    assert (refused.returncode, "nobody is there to type the password" in refused.stderr) == (2, True)
    assert add("sam", "--password-file", "-").returncode == 0
    with closing(open_access(tmp_path / "access")) as database:
        assert people.password_fits(people.password_hash(database, "sam"), "correct horse battery")


def test_a_change_of_the_authority_takes_two_commands(shell: Shell) -> None:
    shell.do("ca", "init", "--name", "localhost")
    assert shell.json("ca", "rotate") == {"authority": 2, "finished": False}
    assert shell.json("ca", "list") == {"certificates": [], "left_behind": [], "boxes": []}
    shell.do("claim", "new", "--serial", "abc", "--device", "desk-1")
    assert "desk-1                   has a claim that names the old authority" in shell.refused(
        "ca", "rotate", "--finish"
    )
    done = shell.json("ca", "rotate", "--finish", "--leave-behind")
    assert done == {"left_behind": [], "claims_ended": ["desk-1"], "finished": True}
    assert shell.json("ca", "issue", "--server-name", "other")["server_names"] == ["other"]


def test_people_are_added_listed_given_links_and_removed(shell: Shell, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("correct horse battery\n")
    shell.do("user", "add", "sam", "--role", "supervisor", "--team", "sales", "--password-file", str(password))
    link = shell.do("user", "add", "kim", "--role", "auditor", "--link", "--page", "https://desk.example.com/")
    assert link.startswith("https://desk.example.com/sign-in#link=")
    assert len(shell.do("user", "add", "crm", "--role", "system").strip()) > 40
    assert [who["name"] for who in shell.json("user", "list")] == ["crm", "kim", "sam"]
    shell.do("user", "passwd", "sam", "--password-file", str(password))
    shell.do("user", "remove", "sam")
    shell.do("team", "set", "sales", "desk-1", "desk-2")
    shell.do("team", "set", "-", "desk-2")
    assert shell.json("team", "list") == {"desk-1": "sales"}
    assert shell.json("audit") == []


def test_what_is_too_old_is_counted_then_deleted_and_that_is_told(shell: Shell, tmp_path: Path) -> None:
    config = tmp_path / "central.toml"
    database = ["--config", str(config), "--database", str(tmp_path / "central.sqlite")]
    config.write_text("")
    assert "deletes nothing" in shell.refused("retention", *database)
    config.write_text("[retention]\naudit_days = 1\n")
    with closing(open_access(shell.folder)) as access:
        audit.note(access, "sam", "sign_in", "127.0.0.1")
        access.execute("UPDATE audit SET at='2020'")
    would = {"dry_run": True, "words": 0, "calls": 0, "audit": 1, "gone": None}
    assert shell.json("retention", *database, "--dry-run") == would
    assert "1 entries of who looked\nno file holds them any more" in shell.do("retention", *database)
    assert "words=0 calls=0 audit=1 gone=yes" in shell.do("audit")
