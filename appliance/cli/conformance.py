"""`undertone conformance`: whether a server, or a device, keeps the device protocol, line by line."""

import argparse
import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.acceptance.device_checks import EVENTS_NEEDED
from appliance.acceptance.device_stage import Stage
from appliance.acceptance.table import Line, as_text, device_table, server_table
from appliance.acceptance.wire import Target
from appliance.adapters.uplink_server import check
from appliance.cli.host_port import parse_address
from appliance.errors import BadInputError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EXAMPLE = "127.0.0.1:8765"

EPILOG = f"""a server of yours:
  undertone conformance wss://calls.example.com/v1/device --device test-1 --token-file token
  Use a device's name that is for tests alone: events of the call "acceptance" are stored under it, and a box of that
  name would be pushed out.

a device of yours:
  undertone conformance --listen {EXAMPLE}
  Point your device there, with any token or certificate and {EVENTS_NEEDED} events to send, and let it run to the end,
  which takes about a minute. It is cut, refused and told nonsense; what it sends is shown nowhere and kept nowhere.

The protocol is told in appliance/delivery/documents/. Exit code 1: a line fails."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "conformance",
        help="check that a server, or a device, keeps the device protocol",
        description="Drives a server, or a device, through loss, resume, duplicates and refusals, and prints a table.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_target(parser, required=False)
    listen = parser.add_argument_group("to check a device")
    listen.add_argument("--listen", metavar="HOST:PORT", help="be the server, and check the device that comes")
    listen.add_argument("--certificate", type=Path, metavar="FILE", help="serve TLS with this (PEM, with its key)")
    parser.add_argument(
        "--api-headers",
        type=Path,
        metavar="FILE",
        help="headers that sign in to the server's API, one `Name: value` a line, to check what only the API shows",
    )
    parser.add_argument("--json", action="store_true", help="one JSON list of lines on stdout")
    parser.set_defaults(run=_run)


def add_target(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add what names a server and who we are to it."""
    where = "the server: wss://HOST[:PORT]/v1/device (ws:// on this machine)"
    parser.add_argument("url", metavar="URL", nargs=None if required else "?", help=where)
    parser.add_argument("--device", required=required, metavar="NAME", help="the device's name, as the server knows it")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="its token (mode 0600)")
    parser.add_argument("--identity", type=Path, metavar="DIR", help="or its certificate, as undertone enrol left it")
    parser.add_argument("--ca-file", type=Path, metavar="FILE", help="the authority of the server's certificate")


def target_of(arguments: argparse.Namespace) -> Target:
    """Give the server that was named. Raises `BadInputError` when it cannot be used."""
    target = Target(
        url=arguments.url,
        token_file=arguments.token_file,
        ca_file=arguments.ca_file,
        identity=arguments.identity,
        device=arguments.device,
    )
    check(target)
    return target


def _run(arguments: argparse.Namespace) -> int:
    if (arguments.url is None) == (arguments.listen is None):
        mend = "give the URL of a server, or --listen HOST:PORT for a device"
        raise BadInputError("what is to be checked?", where="conformance", mend=mend)
    if arguments.url is None:
        host, port = parse_address(arguments.listen, "--listen", EXAMPLE)
        lines = asyncio.run(_play(host, port, _tls(arguments.certificate), quiet=arguments.json))
    elif arguments.device is None:
        raise BadInputError("as which device?", where="--device", mend="give --device NAME, as the server knows it")
    else:
        target = msgspec.structs.replace(target_of(arguments), api_headers=read_headers(arguments.api_headers))
        lines = asyncio.run(_show(server_table(target), quiet=arguments.json))
    if arguments.json:
        sys.stdout.write(json.dumps([msgspec.to_builtins(line) for line in lines]) + "\n")
    else:
        passed, failed = (sum(line.outcome == outcome for line in lines) for outcome in ("passed", "failed"))
        sys.stdout.write(f"{passed} hold, {failed} do not, {len(lines) - passed - failed} were not checked\n")
    return 1 if any(line.outcome == "failed" for line in lines) else 0


def read_headers(file: Path | None) -> dict[str, str]:
    """Read headers, one `Name: value` a line. Raises `BadInputError`."""
    if file is None:
        return {}
    try:
        lines = [line for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"cannot be read: {error}", where=str(file), mend="give a text file of headers") from error
    for number, line in enumerate(lines, 1):
        if ":" not in line or not line.isprintable():
            raise BadInputError("this is no header", where=f"{file} line {number}", mend="write `Name: value`")
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _tls(file: Path | None) -> ssl.SSLContext | None:
    if file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(file)
    except (OSError, ssl.SSLError) as error:
        mend = "give a PEM file that holds the certificate and its key"
        raise BadInputError(f"the certificate cannot be used: {error}", where=str(file), mend=mend) from error
    return context


async def _play(host: str, port: int, tls: ssl.SSLContext | None, *, quiet: bool) -> list[Line]:
    stage = Stage()
    try:
        async with stage.open(host, port, tls) as url:
            sys.stderr.write(f"point your device at {url}\n")
            return await _show(device_table(stage), quiet=quiet)
    except OSError as error:
        mend = "name an address of this machine and a free port"
        raise BadInputError(f"cannot listen: {error.strerror}", where=f"{host}:{port}", mend=mend) from error


async def _show(table: AsyncIterator[Line], *, quiet: bool) -> list[Line]:
    lines = []
    async for line in table:
        lines.append(line)
        if not quiet:
            sys.stdout.write(as_text(line) + "\n")
            sys.stdout.flush()
    return lines
