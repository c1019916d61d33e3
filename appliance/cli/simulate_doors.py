"""How simulated devices come in: with tokens from a file, or with what our own server is told to let in for so long."""

import argparse
import contextlib
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from appliance.adapters import identity
from appliance.adapters.uplink_dial import Door, dial, door_of
from appliance.adapters.uplink_server import Server, check, read_token_text, refuse_open, tls
from appliance.delivery.enrolment import Certified
from appliance.delivery.policy import DeviceTiming
from appliance.errors import BadInputError

CERTIFICATE_LIFE: Final = timedelta(days=1)
"""They are taken back at the end; this is for a program that was killed."""

_TIMING: Final = DeviceTiming()


@contextlib.contextmanager
def opened_doors(arguments: argparse.Namespace) -> Iterator[Mapping[str, Door]]:
    """Give each device's way to the server, for as long as the simulation runs. Raises `BadInputError`."""
    given = [each for each in (arguments.tokens, arguments.credentials, arguments.access) if each is not None]
    if len(given) != 1:
        raise BadInputError(
            "how the devices may come in must be said once",
            mend="give one of --tokens FILE, or for our own server --credentials FILE or --access FOLDER",
        )
    names = [f"{arguments.prefix}-{number:05}" for number in range(1, arguments.devices + 1)]
    if arguments.tokens is not None:
        yield _by_token(arguments, _tokens(arguments.tokens, arguments.devices))
    elif arguments.credentials is not None:
        yield from _with_own_tokens(arguments, names)
    else:
        yield from _with_certificates(arguments, names)


def _tokens(path: Path, wanted: int) -> dict[str, str]:
    """Read `NAME TOKEN`, one device a line."""
    try:
        lines = [line.split() for line in path.read_text("ascii").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"cannot be read: {error}", where=str(path), mend="one line NAME TOKEN a device") from error
    refuse_open(path)
    for number, words in enumerate(lines, 1):
        if len(words) != 2:
            raise BadInputError("this is not NAME TOKEN", where=f"{path} line {number}", mend="one device a line")
    tokens = {name: read_token_text(token.encode(), path) for name, token in lines}
    if len(tokens) < wanted:
        raise BadInputError(
            f"{wanted} devices are wanted, and this has the tokens of {len(tokens)}",
            where=str(path),
            mend="ask for fewer with --devices, or add tokens",
        )
    return dict(list(tokens.items())[:wanted])


def _by_token(arguments: argparse.Namespace, tokens: Mapping[str, str]) -> dict[str, Door]:
    server = Server(url=arguments.url, ca_file=arguments.ca_file)
    check(server)
    shared = tls(server)
    return {name: _token_door(arguments.url, shared, token) for name, token in tokens.items()}


def _token_door(url: str, shared: ssl.SSLContext | None, token: str) -> Door:
    headers = {"Authorization": f"Bearer {token}"}
    return Door(url, lambda: dial(url, shared, headers, _TIMING), by_certificate=False)


def _with_own_tokens(arguments: argparse.Namespace, names: list[str]) -> Iterator[dict[str, Door]]:
    from appliance.central import credentials  # noqa: PLC0415 - only here

    tokens = credentials.add_devices(arguments.credentials, names)
    try:
        yield _by_token(arguments, tokens)
    finally:
        credentials.remove_devices(arguments.credentials, names)


def _with_certificates(arguments: argparse.Namespace, names: list[str]) -> Iterator[dict[str, Door]]:
    from appliance.central.access.authority import read_request  # noqa: PLC0415 - only here
    from appliance.central.access.ca import CA  # noqa: PLC0415 - only here
    from appliance.central.access.store import open_access  # noqa: PLC0415 - only here

    with tempfile.TemporaryDirectory() as kept, contextlib.closing(open_access(arguments.access)) as database:
        ca = CA(arguments.access, database)
        doors: dict[str, Door] = {}
        try:
            for name in names:
                folder = Path(kept) / name
                request = read_request(identity.signing_request(identity.pending_key(folder)))
                certificate = ca.issue_device(name, request, CERTIFICATE_LIFE)
                identity.keep(folder, Certified(name, certificate, ca.bundle()))
                doors[name] = door_of(Server(url=arguments.url, identity=folder), _TIMING)
            yield doors
        finally:
            for name in doors:
                ca.revoke(name, "simulated")
