"""The table `[openid]` of the server's configuration.

```toml
[openid]
issuer = "https://login.example.com/realms/office"   # exactly as the provider's own document names it
client_id = "undertone"
client_secret_file = "openid-secret"     # mode 0600, relative to this file; leave it out for a public client
page = "https://desk.example.com"        # the page's address; register PAGE/sign-in/openid/callback at the provider
label = "Sign in with the office account"
scopes = ["openid", "profile", "groups"] # default: openid, profile, email
name_claim = "preferred_username"        # what a person is called in the record of who looked
roles_claim = "groups"                   # where the provider says what somebody is; "realm_access.roles" goes deeper
teams_claim = "desk_teams"               # leave it out unless the provider knows the teams of supervisors
algorithms = ["RS256"]                   # of signatures; default: ES256, PS256, RS256
sign_out = "here"                        # or "provider": sign out there, too (default)
ca_file = "office-ca.pem"                # default: the system's authorities

[[openid.roles]]
value = "call-supervisors"               # a value of roles_claim
role = "supervisor"
teams = ["billing"]                      # "*" for all

[[openid.roles]]
value = "compliance"
role = "auditor"
```
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from appliance.toml_table import Table

START: Final = "/sign-in/openid"
CALLBACK: Final = "/sign-in/openid/callback"

ALGORITHMS: Final = ("ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
"""Signatures with a key pair: with a shared secret (HS256), or none, whoever knows the public part could sign."""

USUAL_ALGORITHMS: Final = ("ES256", "PS256", "RS256")

ROLES: Final = ("supervisor", "administrator", "auditor")
"""Not `system`: that is a program with a token, and not a person."""

MAX_SECRET_BYTES: Final = 4096
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

_KEYS: Final = (
    "issuer", "client_id", "client_secret_file", "page", "label", "scopes", "name_claim", "roles_claim", "teams_claim",
    "algorithms", "sign_out", "ca_file", "roles",
)  # fmt: skip


@dataclass(frozen=True)
class Grant:
    """What somebody is whose claim holds this value."""

    value: str
    role: str
    teams: tuple[str, ...]


@dataclass(frozen=True)
class OpenId:
    """How people sign in by OpenID Connect."""

    issuer: str
    client_id: str
    client_secret: str | None
    page: str
    label: str
    scopes: tuple[str, ...]
    name_claim: str
    roles_claim: str
    teams_claim: str
    algorithms: tuple[str, ...]
    signs_out_there: bool
    ca_file: Path | None
    grants: tuple[Grant, ...]

    @property
    def callback(self) -> str:
        """Where the provider sends the browser back to."""
        return self.page + CALLBACK


def read_openid(table: Table, folder: Path) -> OpenId:
    """Read the table; files are relative to `folder`. Raises `BadInputError` with the key, its line and the mend."""
    table.allow_only(*_KEYS)
    scopes = table.texts("scopes", ("openid", "profile", "email"))
    if "openid" not in scopes:
        table.refuse("scopes", "has no openid", 'add "openid": without it the provider gives no ID token')
    algorithms = table.one_or_more("algorithms", USUAL_ALGORITHMS, of=ALGORITHMS)
    teams_claim = table.text("teams_claim", "") if table.has("teams_claim") else ""
    return OpenId(
        issuer=_secure(table, "issuer", "the address of the provider"),
        client_id=table.text("client_id"),
        client_secret=_secret(table, folder) if table.has("client_secret_file") else None,
        page=_page(table),
        label=table.text("label", "Sign in with OpenID Connect"),
        scopes=scopes,
        name_claim=table.text("name_claim", "preferred_username"),
        roles_claim=table.text("roles_claim"),
        teams_claim=teams_claim,
        algorithms=algorithms,
        signs_out_there=table.text("sign_out", "provider", of=("here", "provider")) == "provider",
        ca_file=_file(table, "ca_file", folder) if table.has("ca_file") else None,
        grants=_grants(table, has_teams_claim=bool(teams_claim)),
    )


def is_secure(url: str) -> bool:
    """Say whether an address is https, or http on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    good = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    return good and bool(parts.hostname) and not parts.username and not parts.fragment


def _grants(table: Table, *, has_teams_claim: bool) -> tuple[Grant, ...]:
    found = []
    for each in table.list_of_tables("roles"):
        each.allow_only("value", "role", "teams")
        grant = Grant(each.text("value"), each.text("role", of=ROLES), each.texts("teams", ()))
        if grant.role == "supervisor" and not grant.teams and not has_teams_claim:
            each.refuse("", "makes a supervisor of no team", 'add teams = ["NAME"], or "*" for all, or a teams_claim')
        found.append(grant)
    if not found:
        table.refuse("", "has no roles, so nobody could sign in", "add [[openid.roles]] with value and role")
    return tuple(found)


def _page(table: Table) -> str:
    page = _secure(table, "page", "the address that people type")
    if urlsplit(page).path.strip("/") or urlsplit(page).query:
        table.refuse("page", f'is "{page}"', "give scheme and name alone: https://desk.example.com")
    return page.rstrip("/")


def _secure(table: Table, key: str, what: str) -> str:
    url = table.text(key)
    if not is_secure(url):
        table.refuse(key, f'is "{url}"', f"write {what} with https:// (http:// for this machine alone)")
    return url


def _secret(table: Table, folder: Path) -> str:
    path = _file(table, "client_secret_file", folder)
    try:
        if path.stat().st_mode & 0o077:
            table.refuse("client_secret_file", f"names {path}, which others may read", f"chmod 600 {path}")
        with path.open(encoding="utf-8") as file:
            secret = file.read(MAX_SECRET_BYTES + 1).strip()
    except (OSError, UnicodeDecodeError) as error:
        table.refuse("client_secret_file", f"cannot be read: {error}", "write the client's secret into this file")
    if not secret or len(secret) > MAX_SECRET_BYTES:
        table.refuse("client_secret_file", f"names {path}, which holds no secret", "write the client's secret into it")
    return secret


def _file(table: Table, key: str, folder: Path) -> Path:
    path = folder / Path(table.text(key)).expanduser()
    if not path.is_file():
        table.refuse(key, f"names {path}, which is not there", "give a file, relative to this one or absolute")
    return path
