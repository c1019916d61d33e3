"""Web hooks: who is told when the state of a box changes, and what waits to be told.

A delivery is a `POST` of JSON: `{"id", "at", "news": [...]}`; each of `news` has a `kind`: `health` with `device`,
`before`, `state`, `why` and `since`, `update` with `number`, `state` and `why`, or `test`. It is signed:

    Undertone-Signature: t=1772442000,v1=HEX

where HEX is HMAC-SHA256, by the hook's secret, over the time, a dot and the body. A receiver that checks it, and that
the time is not long ago, knows who sends. The same delivery may come twice, with the same `id`.
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
import sqlite3
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from appliance.central.clock import as_text, utc_now
from appliance.central.watching.judge import WORST_FIRST
from appliance.central.watching.store import transaction
from appliance.errors import BadInputError
from appliance.secret_file import write_secret

SIGNATURE_HEADER: Final = "Undertone-Signature"

MAX_HOOKS: Final = 20
MAX_URL: Final = 2_000

MAX_WAITING: Final = 1_000
"""For one hook that does not answer; beyond it the oldest is dropped, and counted."""

MAX_NEWS: Final = 200
"""In one delivery, about 50 KiB: a site that loses its network is a few deliveries."""

FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 600.0
"""A receiver that was mended hears within ten minutes."""

GIVE_UP_AFTER: Final = timedelta(hours=24)
"""Older news would only mislead."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


class Hook(NamedTuple):
    """One receiver. `states` are those that it hears of, with their ends; empty: all."""

    name: str
    url: str
    states: tuple[str, ...]
    allow_private: bool
    made_at: str
    told_at: str | None
    fault: str
    dropped: int
    waiting: int


class Delivery(NamedTuple):
    """One thing that waits to be told."""

    number: int
    id: str
    body: str
    made_at: str
    tries: int


def add_hook(
    database: sqlite3.Connection, folder: Path, name: str, url: str, states: Collection[str], *, allow_private: bool
) -> Path:
    """Add a receiver, and give the file that holds its new secret. Raises `BadInputError`."""
    if not _NAME.fullmatch(name):
        raise BadInputError(f"{name!r} cannot be the name of a hook", mend="use 1 to 32 letters, digits, - and _")
    check_url(url, allow_private=allow_private)
    if strange := set(states) - set(WORST_FIRST):
        raise BadInputError(f"there is no state {min(strange)!r}", mend=f"known states: {', '.join(WORST_FIRST)}")
    with transaction(database):
        if len(hooks(database)) >= MAX_HOOKS:
            raise BadInputError(f"there are {MAX_HOOKS} hooks already", mend="remove one first")
        row = (name, url, msgspec.json.encode(sorted(states)).decode(), allow_private, utc_now())
        try:
            database.execute("INSERT INTO hooks (name, url, states, allow_private, made_at) VALUES (?,?,?,?,?)", row)
        except sqlite3.IntegrityError as error:
            raise BadInputError(
                f"there is a hook {name} already", mend="remove it first, or take another name"
            ) from error
        write_secret(secret_file(folder, name), secrets.token_hex(32) + "\n")
    return secret_file(folder, name)


def remove_hook(database: sqlite3.Connection, folder: Path, name: str) -> None:
    """Forget a receiver, its secret and what waits for it. Raises `BadInputError` for an unknown one."""
    with transaction(database):
        if not database.execute("DELETE FROM hooks WHERE name=?", (name,)).rowcount:
            raise BadInputError(f"there is no hook {name!r}", mend="undertone central hook list")
        database.execute("DELETE FROM deliveries WHERE hook=?", (name,))
    secret_file(folder, name).unlink(missing_ok=True)


def hooks(database: sqlite3.Connection) -> list[Hook]:
    """Give every receiver, by name."""
    rows = database.execute(
        "SELECT name, url, states, allow_private, made_at, told_at, fault, dropped,"
        " (SELECT count(*) FROM deliveries WHERE hook=name) FROM hooks ORDER BY name"
    )
    return [
        Hook(name, url, msgspec.json.decode(states, type=tuple[str, ...]), bool(private), *rest)
        for name, url, states, private, *rest in rows
    ]


def put_news(database: sqlite3.Connection, news: Sequence[dict[str, Any]], only: str | None = None) -> None:
    """Have news told to all who hear of them, or to `only` one; kept until they were, or until they are old."""
    with transaction(database):
        for hook in hooks(database):
            if only not in {None, hook.name}:
                continue
            heard = [each for each in news if _concerns(hook, each)]
            for at in range(0, len(heard), MAX_NEWS):
                _put(database, hook.name, heard[at : at + MAX_NEWS])


def due(database: sqlite3.Connection, hook: str) -> Delivery | None:
    """Give what is to be told next to a receiver: in order, so nothing before the first is told."""
    old = as_text(datetime.now(UTC) - GIVE_UP_AFTER)
    dropped = database.execute("DELETE FROM deliveries WHERE hook=? AND made_at<?", (hook, old)).rowcount
    if dropped:
        database.execute("UPDATE hooks SET dropped=dropped+? WHERE name=?", (dropped, hook))
    row = database.execute(
        "SELECT number, id, body, made_at, tries, due_at FROM deliveries WHERE hook=? ORDER BY number LIMIT 1", (hook,)
    ).fetchone()
    return Delivery(*row[:-1]) if row and row[-1] <= utc_now() else None


def told(database: sqlite3.Connection, hook: str, delivery: Delivery) -> None:
    """Note that a delivery was taken."""
    with transaction(database):
        database.execute("DELETE FROM deliveries WHERE number=?", (delivery.number,))
        database.execute("UPDATE hooks SET told_at=?, fault='' WHERE name=?", (utc_now(), hook))


def failed(database: sqlite3.Connection, hook: str, delivery: Delivery, fault: str, spread: float) -> None:
    """Note that a delivery was not taken, and when it is tried again; `spread` is a number from 0 to 1."""
    at = as_text(datetime.now(UTC) + timedelta(seconds=wait_s(delivery.tries, spread)))
    with transaction(database):
        database.execute("UPDATE deliveries SET tries=tries+1, due_at=? WHERE number=?", (at, delivery.number))
        database.execute("UPDATE hooks SET fault=? WHERE name=?", (fault, hook))


def wait_s(tries: int, spread: float) -> float:
    """Give how long to wait after so many failed tries before: doubling, up to ten minutes, spread by a quarter."""
    return min(FIRST_WAIT_S * 2.0 ** min(tries, 30), LONGEST_WAIT_S) * (0.75 + spread / 4)


def signature(secret: str, at_s: int, body: str) -> str:
    """Give the value of the signature's header."""
    signed = hmac.new(secret.encode(), f"{at_s}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at_s},v1={signed}"


def secret_file(folder: Path, name: str) -> Path:
    """Give the file of a hook's secret, which its owner alone may read."""
    return folder / f"hook-{name}.secret"


def check_url(url: str, *, allow_private: bool) -> None:
    """Raise `BadInputError` for an address that nothing is sent to."""
    mend = "give https://HOST/PATH; --allow-private also lets http:// and addresses of your own network"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadInputError(f"this is not an address: {error}", where=url[:MAX_URL], mend=mend) from error
    schemes = {"https", "http"} if allow_private else {"https"}
    if len(url) > MAX_URL or not host or parts.scheme not in schemes or not url.isascii() or not url.isprintable():
        raise BadInputError("this is not an address for a hook", where=url[:MAX_URL], mend=mend)
    if parts.username or parts.password or parts.fragment:
        raise BadInputError("the address holds a user, a password or a fragment", where=host, mend=mend)
    if not allow_private and is_private(host):
        raise BadInputError("this is an address of a private network", where=url, mend=mend)


def is_private(host: str) -> bool:
    """Say whether this is an IP address that is not one of the internet's; a name is none."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global or address.is_multicast


def _concerns(hook: Hook, news: dict[str, Any]) -> bool:
    return not hook.states or news["kind"] != "health" or bool({news["before"], news["state"]} & set(hook.states))


def _put(database: sqlite3.Connection, hook: str, news: Sequence[dict[str, Any]]) -> None:
    now = utc_now()
    name = secrets.token_hex(16)
    body = msgspec.json.encode({"id": name, "at": now, "news": news}).decode()
    database.execute(
        "INSERT INTO deliveries (hook, id, body, made_at, due_at) VALUES (?,?,?,?,?)", (hook, name, body, now, now)
    )
    dropped = database.execute(
        "DELETE FROM deliveries WHERE hook=?1 AND number NOT IN"
        " (SELECT number FROM deliveries WHERE hook=?1 ORDER BY number DESC LIMIT ?2)",
        (hook, MAX_WAITING),
    ).rowcount
    if dropped:
        database.execute("UPDATE hooks SET dropped=dropped+? WHERE name=?", (dropped, hook))
