"""`undertone simulate`: what a building full of boxes does to a server, and whether it loses anything."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.acceptance.server_views import NotCheckedError
from appliance.acceptance.simulated_store import look
from appliance.acceptance.simulation import Simulation
from appliance.acceptance.wire import Target
from appliance.cli import file_limit
from appliance.cli.conformance import read_headers
from appliance.cli.simulate_doors import opened_doors
from appliance.errors import BadInputError
from appliance.traffic.shapes import SHAPES
from appliance.traffic.tally import Tally, as_text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

DEFAULT_DEVICES = 100
MAX_DEVICES = 20_000

EPILOG = """shapes:
{shapes}

Each device is the uplink of a real box with a log in memory: its window, its back-off, its urgent lane. --speed makes
calls and the day pass faster, not the protocol's own times. Words in progress are sent at most five times a second.
A delay counts from an event's making to its acknowledgement. Events of the simulated calls stay in the server's store.

our own server:
  undertone simulate ws://127.0.0.1:8710/v1/device --credentials ~/.local/share/undertone/central-credentials.json
  undertone simulate wss://calls.example.com:8711/v1/device --access FOLDER --devices 1000 --shape outage
any server:
  undertone simulate wss://calls.example.com/v1/device --tokens FILE --devices 50

Exit code 1: something was lost, doubled or reordered, or devices came back later than the server asked for."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    shapes = "\n".join(f"  {name:<12} {shape.what}; usually --speed {shape.speed:g}" for name, shape in SHAPES.items())
    parser = subparsers.add_parser(
        "simulate",
        description="Drives a server with many simulated devices, and tells delays and losses.",
        epilog=EPILOG.format(shapes=shapes),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", metavar="URL", help="the server: wss://HOST[:PORT]/v1/device (ws:// on this machine)")
    parser.add_argument(
        "--devices", type=_devices, default=DEFAULT_DEVICES, metavar="N", help=f"({DEFAULT_DEVICES}), to {MAX_DEVICES}"
    )
    parser.add_argument("--shape", choices=SHAPES, default="office-day", help="(office-day)")
    parser.add_argument("--speed", type=_speed, metavar="X", help="how many times as fast as in life")
    parser.add_argument("--minutes", type=_minutes, metavar="M", help="hang up all calls after so long, and finish")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another number, other calls (1)")
    parser.add_argument("--prefix", default="simulated", metavar="NAME", help="devices are NAME-00001 and so on")
    parser.add_argument("--tokens", type=Path, metavar="FILE", help="the devices' tokens, one line NAME TOKEN each")
    parser.add_argument(
        "--credentials", type=Path, metavar="FILE",
        help="or our own server's list of tokens: devices are added to it, and taken out at the end",
    )  # fmt: skip
    parser.add_argument(
        "--access", type=Path, metavar="FOLDER",
        help="or the folder of our own server's authority: it certifies the devices, and takes that back at the end",
    )  # fmt: skip
    parser.add_argument("--ca-file", type=Path, metavar="FILE", help="the authority of the server's certificate")
    parser.add_argument("--api", metavar="URL", help="the server's API, where that is elsewhere: http://HOST:PORT")
    parser.add_argument(
        "--api-headers", type=Path, metavar="FILE",
        help="headers that sign in to the API, one `Name: value` a line, to look into the store as well",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    # For each message to a server that has just gone it says so, a thousand times a second; the endings are told below.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    file_limit.allow(arguments.devices)
    headers = read_headers(arguments.api_headers)
    with opened_doors(arguments) as doors:
        shape = SHAPES[arguments.shape]
        speed = arguments.speed or shape.speed
        simulation = Simulation(arguments.shape, shape, doors, speed, arguments.seed)
        tally = asyncio.run(_drive(simulation, arguments, headers))
    if arguments.json:
        sys.stdout.write(msgspec.json.encode(tally).decode() + "\n")
    else:
        sys.stdout.write(as_text(tally) + "\n")
    return 0 if tally.holds else 1


async def _drive(simulation: Simulation, arguments: argparse.Namespace, headers: dict[str, str]) -> Tally:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, simulation.stop)
    if arguments.minutes is not None:
        loop.call_later(arguments.minutes * 60, simulation.stop)
    tally = await simulation.run(_say)
    if arguments.api_headers is not None:
        url = arguments.url if arguments.api is None else arguments.api.replace("http", "ws", 1)
        _say(f"looking at {sum(len(device.log.calls) for device in simulation.devices)} calls in the server's store")
        try:
            await look(Target(url=url, device="", api_headers=headers), simulation.devices, tally)
        except NotCheckedError as error:
            raise BadInputError(str(error), where=url, mend="name the API with --api, and who you are") from error
    return tally


def _say(text: str) -> None:
    sys.stderr.write(f"simulate: {text}\n")
    sys.stderr.flush()


def _devices(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MAX_DEVICES:
        raise argparse.ArgumentTypeError(f"1 to {MAX_DEVICES}")
    return number


def _speed(text: str) -> float:
    speed = float(text)
    if not 0.1 <= speed <= 1000:
        raise argparse.ArgumentTypeError("0.1 to 1000")
    return speed


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= 1440:
        raise argparse.ArgumentTypeError("above 0, up to 1440")
    return minutes
