"""The server's configuration: read whole, or refused with the place and the mend."""

from pathlib import Path

import pytest

from appliance.central.config import read_config
from appliance.errors import BadInputError
from appliance.secret_file import write_secret

OPENID = """
[openid]
issuer = "https://login.example.com"
client_id = "undertone"
page = "https://desk.example.com/"
roles_claim = "groups"
"""
ROLE = """
[[openid.roles]]
value = "leads"
role = "supervisor"
teams = ["billing"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "central.toml"
    path.write_text(text)
    return path


def test_an_empty_file_leaves_everything_as_it_is(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, ""))
    assert config.openid is None
    assert config.server.database is None
    assert not config.retention.deletes


def test_files_are_relative_to_the_configuration(tmp_path: Path) -> None:
    server = read_config(written(tmp_path, '[server]\ndatabase = "a/b.sqlite"\naccess = "/c"\n')).server
    assert (server.database, server.access) == (tmp_path / "a/b.sqlite", Path("/c"))


def test_a_way_to_sign_in_needs_little(tmp_path: Path) -> None:
    openid = read_config(written(tmp_path, OPENID + ROLE)).openid
    assert openid is not None
    assert (openid.client_secret, openid.callback) == (None, "https://desk.example.com/sign-in/openid/callback")
    assert [grant.teams for grant in openid.grants] == [("billing",)]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[sever]", "line 1", "did you mean `server`"),
        ('[server]\nlisten_on = "x"', "line 2", "not a known key"),
        ('[server]\naddress_header = "X Y"', "line 2", "name a header"),
        ("[retention]\nword_days = 3", "line 2", "did you mean `words_days`"),
        ("[retention]\nwords_days = 0", "line 2", "0.01 to 36500"),
        ('[retention]\nat = "25:00"', "line 2", "such as"),
        ("[retention]\nwords_days = 40\ncalls_days = 30", "line 2", "outlast"),
        (OPENID, "line 2", "nobody could sign in"),
        (OPENID.replace("https://login", "http://login") + ROLE, "line 3", "https://"),
        (OPENID.replace("https://desk.example.com/", "https://desk.example.com/x") + ROLE, "line 5", "alone"),
        (OPENID.replace("https://desk", "ftp://desk") + ROLE, "line 5", "https://"),
        (OPENID + 'algorithms = ["HS256"]' + ROLE, "line 7", "HS256"),
        (OPENID + 'scopes = ["email"]' + ROLE, "line 7", "has no openid"),
        (OPENID + 'client_secret_file = "none"' + ROLE, "line 7", "not there"),
        (OPENID + 'client_secret_file = "open"' + ROLE, "line 7", "others may read"),
        (OPENID + 'client_secret_file = "empty"' + ROLE, "line 7", "no secret"),
        (OPENID + 'sign_out = "never"' + ROLE, "line 7", "here, provider"),
        (OPENID + ROLE.replace("supervisor", "system"), "line 8", "write one of"),
        (OPENID + ROLE.replace('teams = ["billing"]', ""), "line 8", "no team"),
        (OPENID + ROLE.replace("teams", "team"), "line 8", "did you mean `teams`"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line_and_the_mend(
    tmp_path: Path, text: str, where: str, what: str
) -> None:
    (tmp_path / "open").write_text("secret")
    write_secret(tmp_path / "empty", "\n")
    with pytest.raises(BadInputError) as refused:
        read_config(written(tmp_path, text))
    assert where in str(refused.value)
    assert what in f"{refused.value} {refused.value.mend}"


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be read"):
        read_config(tmp_path / "none.toml")
