"""The settings of a `siprec` line: where the box listens for recording clients, whom it lets in, who the agent is.

```toml
[line]
kind = "siprec"
listen = ["udp:0.0.0.0:5060", "tcp:0.0.0.0:5060"]  # "tls:0.0.0.0:5061" with certificate and key
allow = ["10.20.0.0/16"]        # addresses and networks of the PBX or SBC; everybody else is refused
max_calls = 4                   # at most 8 at once; one more is refused with 486
rtp_ports = "40000-40099"       # for the voices, four for each call; default: those that the system gives
agent_addresses = ["20??"]      # the agent's extension or address, with * and ?
agent_names = []                # or the agent's name as the exchange tells it
agent_stream = "first"          # where neither tells: "first" or "second" stream
plain_calls = false             # true: an ordinary call is taken too, as the caller's voice alone
keys = "redacted"               # "kept": the digits of telephone keys stand in the events
credentials_file = "sip-credentials"  # lines of NAME:PASSWORD, readable by the owner only; default: no password
digest = ["SHA-512-256", "SHA-256", "MD5"]  # how it is proven; ["MD5"] for a client that knows no other
certificate_file = "box.pem"    # for tls
key_file = "box.key"            # readable by the owner only
```
"""

import re
from pathlib import Path
from typing import Final, Literal, cast, get_args

import msgspec

from appliance.toml_table import Table

Place = Literal["first", "second"]
Transport = Literal["udp", "tcp", "tls"]

MOST_CALLS: Final = 8
"""Eight calls are what a box carries at most; how many its processor can is seen while it runs."""

DIGESTS: Final = ("SHA-512-256", "SHA-256", "MD5")

DEFAULT_LISTEN: Final = ("udp:0.0.0.0:5060", "tcp:0.0.0.0:5060")

_RANGE: Final = re.compile(r"(\d{1,5})\s*-\s*(\d{1,5})")
_LISTEN: Final = re.compile(r"(udp|tcp|tls):(\[[0-9A-Fa-f:]+\]|[^:\[\]\s]+):(\d{1,5})")


class ListenAddress(msgspec.Struct, frozen=True):
    """Where to listen for SIP; port 0 lets the system choose."""

    transport: Transport
    host: str
    port: int


class SiprecSettings(msgspec.Struct, frozen=True):
    """See the module; `allow` are addresses and networks as written."""

    listen: tuple[ListenAddress, ...]
    allow: tuple[str, ...]
    max_calls: int = 4
    rtp_ports: tuple[int, int] | None = None
    agent_addresses: tuple[str, ...] = ()
    agent_names: tuple[str, ...] = ()
    agent_stream: Place = "first"
    plain_calls: bool = False
    keep_keys: bool = False
    credentials_file: Path | None = None
    digest: tuple[str, ...] = DIGESTS
    certificate_file: Path | None = None
    key_file: Path | None = None


def parse_siprec(table: Table, folder: Path) -> SiprecSettings:
    """Read the table; relative paths start from `folder`. Raises `BadInputError` naming file, line and key."""
    table.allow_only("kind", "keys", *(name for name in SiprecSettings.__struct_fields__ if name != "keep_keys"))
    listen = tuple(_address(table, text) for text in table.texts("listen", DEFAULT_LISTEN))
    certificate, key = (
        folder / table.text(name) if table.has(name) else None for name in ("certificate_file", "key_file")
    )
    if any(address.transport == "tls" for address in listen) and not (certificate and key):
        table.refuse("listen", "asks for tls", "give `certificate_file` and `key_file` too", near="tls")
    return SiprecSettings(
        listen=listen,
        allow=table.texts("allow"),
        max_calls=table.whole_number("max_calls", 4, at_least=1, at_most=MOST_CALLS),
        rtp_ports=_port_range(table) if table.has("rtp_ports") else None,
        agent_addresses=table.texts("agent_addresses", ()),
        agent_names=table.texts("agent_names", ()),
        agent_stream=cast("Place", table.text("agent_stream", "first", of=get_args(Place))),
        plain_calls=table.flag("plain_calls", default=False),
        keep_keys=table.text("keys", "redacted", of=("redacted", "kept")) == "kept",
        credentials_file=folder / table.text("credentials_file") if table.has("credentials_file") else None,
        digest=_digests(table),
        certificate_file=certificate,
        key_file=key,
    )


def _port_range(table: Table) -> tuple[int, int]:
    text = table.text("rtp_ports")
    found = _RANGE.fullmatch(text)
    first, last = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1_024 <= first < last <= 65_535:
        table.refuse("rtp_ports", f'is "{text}"', 'write the first and the last port, such as "40000-40099"')
    return first, last


def _digests(table: Table) -> tuple[str, ...]:
    names = table.texts("digest", DIGESTS)
    unknown = next((name for name in names if name not in DIGESTS), None)
    if unknown is not None or not names:
        table.refuse(
            "digest", f"holds {list(names)}", f"write one or more of: {', '.join(DIGESTS)}", near=unknown or ""
        )
    return names


def _address(table: Table, text: str) -> ListenAddress:
    found = _LISTEN.fullmatch(text)
    if not found or int(found[3]) > 65_535:
        table.refuse("listen", f'holds "{text}"', 'write addresses such as "udp:0.0.0.0:5060"', near=text)
    return ListenAddress(cast("Transport", found[1]), found[2].strip("[]"), int(found[3]))
