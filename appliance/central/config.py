"""The server's configuration: one TOML file, checked whole before anything starts. Every table and key may be left out.

```toml
[server]
listen = "127.0.0.1:8710"             # the page: on this machine alone
device_listen = "0.0.0.0:8711"        # a port for devices, with TLS 1.3; needs `undertone central ca init`
public_names = ["desk.example.com"]   # names under which a proxy serves the page
address_header = "X-Forwarded-For"    # where that proxy tells who asks; it must set it, or add to it
database = "central.sqlite"           # files and folders are relative to this file
credentials = "central-credentials.json"
access = "central-access"

[retention]                           # all keys: `retention_settings`
calls_days = 30

[openid]                              # all keys: `openid.settings`
issuer = "https://login.example.com"
```

An option on the command line is stronger than the file.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from appliance.central.openid.settings import OpenId, read_openid
from appliance.central.retention_settings import Keep, read_retention
from appliance.errors import BadInputError
from appliance.toml_table import MAX_FILE_BYTES, Table, read_table

_HEADER_MEND: Final = 'name a header, such as "X-Forwarded-For"'


@dataclass(frozen=True)
class ServerTable:
    """The table `[server]`; None where a key is left out."""

    listen: str | None = None
    device_listen: str | None = None
    public_names: tuple[str, ...] = ()
    address_header: str | None = None
    database: Path | None = None
    credentials: Path | None = None
    access: Path | None = None


@dataclass(frozen=True)
class Config:
    """What the file says."""

    server: ServerTable = field(default_factory=ServerTable)
    openid: OpenId | None = None
    retention: Keep = field(default_factory=Keep)


def read_config(path: Path) -> Config:
    """Read the file. Raises `BadInputError` that names the place and the mend."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        mend = "give a file that this user may read"
        raise BadInputError(f"cannot be read: {error.strerror}", where=str(path), mend=mend) from error
    table = read_table(content, str(path))
    table.allow_only("server", "retention", "openid")
    folder = path.absolute().parent
    return Config(
        server=_server(table.table("server", optional=True), folder),
        openid=read_openid(table.table("openid"), folder) if table.has("openid") else None,
        retention=read_retention(table.table("retention", optional=True)),
    )


def _server(table: Table, folder: Path) -> ServerTable:
    files = ("database", "credentials", "access")
    table.allow_only("listen", "device_listen", "public_names", "address_header", *files)
    texts = {key: table.text(key) for key in ("listen", "device_listen", "address_header") if table.has(key)}
    if "address_header" in texts and not texts["address_header"].replace("-", "").isalnum():
        table.refuse("address_header", f'is "{texts["address_header"]}"', _HEADER_MEND)
    paths = {key: folder / Path(table.text(key)).expanduser() for key in files if table.has(key)}
    return ServerTable(
        listen=texts.get("listen"),
        device_listen=texts.get("device_listen"),
        public_names=table.texts("public_names", ()),
        address_header=texts.get("address_header"),
        database=paths.get("database"),
        credentials=paths.get("credentials"),
        access=paths.get("access"),
    )
