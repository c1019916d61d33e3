"""`undertone conformance`: whether a server keeps the device protocol, line by line."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.acceptance.table import Line, as_text, server_table
from appliance.acceptance.wire import Target
from appliance.adapters.uplink_server import check
from appliance.errors import BadInputError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EPILOG = """Use a device's name that is for tests alone: events of the call "acceptance" are stored under it, and a box
of that name would be pushed out. The protocol is told in appliance/delivery/documents/. Exit code 1: a line fails."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "conformance",
        help="check that a server keeps the device protocol",
        description="Drives a server through loss, resume, duplicates, slow readers and refusals, and prints a table.",
        epilog=EPILOG,
    )
    add_target(parser)
    parser.add_argument(
        "--api-headers",
        type=Path,
        metavar="FILE",
        help="headers that sign in to the server's API, one `Name: value` a line, to check what only the API shows",
    )
    parser.add_argument("--json", action="store_true", help="one JSON list of lines on stdout")
    parser.set_defaults(run=_run)


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add what names a server and who we are to it."""
    parser.add_argument("url", metavar="URL", help="the server: wss://HOST[:PORT]/v1/device (ws:// on this machine)")
    parser.add_argument("--device", required=True, metavar="NAME", help="the device's name, as the server knows it")
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
    target = msgspec.structs.replace(target_of(arguments), api_headers=read_headers(arguments.api_headers))
    lines = asyncio.run(_drive(target, quiet=arguments.json))
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


async def _drive(target: Target, *, quiet: bool) -> list[Line]:
    lines = []
    async for line in server_table(target):
        lines.append(line)
        if not quiet:
            sys.stdout.write(as_text(line) + "\n")
            sys.stdout.flush()
    return lines
