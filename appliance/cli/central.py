"""`undertone central`: run the reference central server, and keep its list of devices."""

import argparse
import asyncio
import dataclasses
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.adapters import paths
from appliance.adapters.service_manager import ServiceManager
from appliance.cli import central_ca, central_hook, central_retention, central_update, central_user, file_limit
from appliance.cli.host_port import parse_address
from appliance.delivery.policy import MAX_RETURN_WITHIN_S, RETURNS_PER_S, ServerTiming
from appliance.errors import BadInputError
from appliance.secret_file import write_secret

if TYPE_CHECKING:
    from appliance.central.retention_settings import Keep
    from appliance.central.server import Settings

DEFAULT_LISTEN = "127.0.0.1:8710"
DEFAULT_DEVICE_LISTEN = "0.0.0.0:8711"
MAX_RETAIN_DAYS = 36_500
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}

_log = logging.getLogger(__name__)


def add_parser(subparsers: Any) -> None:  # noqa: ANN401 - argparse does not name this type
    """Add `central` and its own subcommands."""
    parser = subparsers.add_parser("central", description=__doc__)
    folder = paths.home()
    files = argparse.ArgumentParser(add_help=False)
    files.add_argument(
        "--credentials", type=Path, metavar="FILE", default=argparse.SUPPRESS,
        help=f"the devices' tokens, as hashes ({folder}/central-credentials.json)",
    )  # fmt: skip
    files.add_argument(
        "--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="the server's configuration (TOML)"
    )
    _add_server_options(parser)
    parser.set_defaults(run=run_server)
    commands = parser.add_subparsers(
        metavar="[user|team|audit|ca|claim|hook|update|retention|add-device|remove-device]"
    )
    for part in (central_ca, central_user, central_hook, central_update, central_retention):
        part.add_parsers(commands)
    add = commands.add_parser("add-device", parents=[files], help="make a device's token and print it once")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--replace", action="store_true", help="give a known device a new token")
    add.add_argument("--token-file", type=Path, metavar="FILE", help="write the token here instead (mode 0600)")
    add.set_defaults(run=run_add_device)
    remove = commands.add_parser("remove-device", parents=[files], help="make a device's token worthless")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=run_remove_device)


def _add_server_options(parser: argparse.ArgumentParser) -> None:
    folder = paths.home()
    parser.add_argument("--config", type=Path, metavar="FILE", help="the server's configuration (TOML)")
    parser.add_argument("--listen", metavar="HOST:PORT", help=f"({DEFAULT_LISTEN})")
    parser.add_argument("--database", type=Path, metavar="FILE", help=f"the store ({folder}/central.sqlite)")
    parser.add_argument("--credentials", type=Path, metavar="FILE", help="the devices' tokens, as hashes")
    parser.add_argument("--access", type=Path, metavar="FOLDER", help=f"who may come in ({folder}/central-access)")
    parser.add_argument(
        "--device-listen",
        metavar="HOST:PORT",
        help="a port of its own for devices, with TLS 1.3; needs `ca init` first",
    )
    parser.add_argument("--retain-days", type=_days, metavar="DAYS", help="delete calls after so long (never)")
    parser.add_argument(
        "--metrics-port", type=int, metavar="PORT", help="serve the fleet's numbers for Prometheus on the loopback"
    )
    parser.add_argument(
        "--retain-audit-days", type=_days, metavar="DAYS", help="delete the record of who looked after so long (never)"
    )
    parser.add_argument(
        "--return-within", type=_return_within, metavar="SECONDS",
        help=f"boxes that come back spread over so long (a second for each {RETURNS_PER_S} that are known)",
    )  # fmt: skip
    parser.add_argument(
        "--port-file",
        type=Path,
        metavar="FILE",
        help="write the address(es) here once it listens",
    )
    parser.add_argument(
        "--public-name", action="append", default=[], metavar="NAME",
        help="a name under which a proxy on this machine serves the page (may be given again)",
    )  # fmt: skip


def run_server(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    with central_ca.needing_extra():
        import aiohttp  # noqa: F401, PLC0415 - a box has no need of it

    file_limit.allow_all()
    settings = _settings(arguments)
    try:
        asyncio.run(_serve(settings, arguments.port_file))
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise BadInputError(
            f"cannot listen: {error.strerror}", where=where, mend="name a free port with --listen"
        ) from error
    return 0


def _settings(arguments: argparse.Namespace) -> "Settings":
    from appliance.central.server import Settings  # noqa: PLC0415 - needs aiohttp

    config = central_ca.config_of(arguments)
    host, port = parse_listen(arguments.listen or config.server.listen or DEFAULT_LISTEN)
    device_host, device_port = (None, 0)
    if device_listen := arguments.device_listen or config.server.device_listen:
        device_host, device_port = parse_address(device_listen, "--device-listen", DEFAULT_DEVICE_LISTEN)
    return Settings(
        database=arguments.database or config.server.database or paths.home() / "central.sqlite",
        credentials=_credentials(arguments),
        host=host,
        port=port,
        public_names=frozenset([*config.server.public_names, *arguments.public_name]),
        access=central_ca.access_folder(arguments),
        device_host=device_host,
        device_port=device_port,
        keep=_keep(arguments, config.retention),
        metrics_port=arguments.metrics_port,
        openid=config.openid,
        address_header=config.server.address_header,
        timing=ServerTiming(return_within_s=arguments.return_within),
    )


def _keep(arguments: argparse.Namespace, keep: "Keep") -> "Keep":
    """Give the configuration's days, or those of the options, which are stronger."""
    given = {"calls_days": arguments.retain_days, "audit_days": arguments.retain_audit_days}
    return dataclasses.replace(keep, **{key: days for key, days in given.items() if days is not None})


def run_add_device(arguments: argparse.Namespace) -> int:
    """Make a token, and print it or write it to a file."""
    from appliance.central import credentials  # noqa: PLC0415 - only here

    token = credentials.add_device(_credentials(arguments), arguments.name, replace=arguments.replace)
    if arguments.token_file is None:
        print(token)
    else:
        write_secret(arguments.token_file, token + "\n")
    return 0


def run_remove_device(arguments: argparse.Namespace) -> int:
    """Forget a device's token."""
    from appliance.central import credentials  # noqa: PLC0415 - only here

    credentials.remove_device(_credentials(arguments), arguments.name)
    return 0


def parse_listen(text: str) -> tuple[str, int]:
    """Read HOST:PORT. Raises `BadInputError` for anything but a port of this machine's loopback."""
    host, port = parse_address(text, "--listen", DEFAULT_LISTEN)
    if host not in _LOOPBACK:
        raise BadInputError(
            f"{host or 'no host'} would open the server to the network, and the page has no TLS of its own",
            where="--listen",
            mend=f"listen on {DEFAULT_LISTEN} and let a proxy on this machine end TLS",
        )
    return host, port


def _days(text: str) -> float:
    days = float(text)
    if not 0 < days <= MAX_RETAIN_DAYS:
        raise argparse.ArgumentTypeError(f"{text}: give days above 0, up to {MAX_RETAIN_DAYS}")
    return days


def _return_within(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= MAX_RETURN_WITHIN_S:
        raise argparse.ArgumentTypeError(f"{text}: give seconds from 0 to {MAX_RETURN_WITHIN_S:g}")
    return seconds


def _credentials(arguments: argparse.Namespace) -> Path:
    chosen: Path | None = arguments.credentials if "credentials" in arguments else None
    if chosen is None and "config" in arguments:
        chosen = central_ca.config_of(arguments).server.credentials
    return chosen or paths.home() / "central-credentials.json"


async def _serve(settings: "Settings", port_file: Path | None) -> None:
    from appliance.central.server import running  # noqa: PLC0415 - needs aiohttp

    stop, manager = asyncio.Event(), ServiceManager()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as ports:
        page, devices = _shown(settings.host, ports.page), _shown(settings.device_host or "", ports.devices)
        print(f"Undertone central server: http://{page}/", file=sys.stderr, flush=True)
        if ports.devices is not None:
            print(f"devices: wss://{devices}/v1/device", file=sys.stderr, flush=True)
        if ports.metrics is not None:
            print(f"metrics: http://127.0.0.1:{ports.metrics}/metrics", file=sys.stderr, flush=True)
        if port_file is not None:
            _write_whole(port_file, f"{page}\n" + (f"{devices}\n" if ports.devices is not None else ""))
        manager.receive_sign()
        await stop.wait()
        manager.stopping()
        _log.info("central_stopping")


def _shown(host: str, port: int | None) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _write_whole(path: Path, text: str) -> None:
    # Whoever waits for the file must never read half of it.
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
