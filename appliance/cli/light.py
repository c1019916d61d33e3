"""`undertone light`: which lights there are, whether each shows everything, which box is which, and new firmware."""

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from appliance.adapters.light import LightError, painted
from appliance.adapters.light_board import LightBoard, board_ports, choose_port
from appliance.adapters.light_firmware import FIRMWARE, flash, version_of
from appliance.adapters.light_thread import LightThread
from appliance.adapters.lights import LAMPS
from appliance.cli.run import load_settings
from appliance.errors import BadInputError
from appliance.indicator.board_link import Met, News, Pressed, Stuck
from appliance.indicator.looks import Pattern
from appliance.indicator.patterns import LOOKS, MARKS, LightState, pattern
from appliance.light_settings import BoardSettings, LightKind, LightSettings

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EPILOG: Final = """examples:
  undertone light list
  undertone light test --kind board --seconds 3
  undertone light identify --port /dev/ttyACM0
  undertone light flash"""

DEFAULT_KINDS: Final = ("board",)


def add_parser(subparsers: "Subparsers") -> None:
    """Add the subcommand to the command line."""
    parser = subparsers.add_parser(
        "light",
        help="list, test and identify lights, bring firmware onto the light board",
        description="For the light of this box. The device must not run: a light serves one program at a time.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="the light boards and USB lights that are plugged in")
    listing.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    listing.add_argument("--port", action="append", default=[], help="ask here too, though it has no USB number")
    listing.set_defaults(run=_list)
    test = commands.add_parser("test", help="show each situation for a while; tells presses of the button")
    identify = commands.add_parser("identify", help='blink as "this is the box"')
    for command, seconds in ((test, 2.0), (identify, 10.0)):
        command.add_argument("--config", type=Path, metavar="FILE", help="the device's settings")
        command.add_argument("--kind", choices=tuple(LAMPS), action="append", help="instead of the settings' kinds")
        command.add_argument("--seconds", type=float, default=seconds, metavar="N", help=f"default: {seconds:g}")
    test.set_defaults(run=_test)
    identify.set_defaults(run=_identify)
    flashing = commands.add_parser("flash", help="copy this version's firmware onto the light board and check it")
    flashing.add_argument("--firmware", type=Path, default=FIRMWARE, metavar="FOLDER", help="default: this version's")
    flashing.set_defaults(run=_flash)
    for command in (test, identify, flashing):
        command.add_argument("--port", default="", help="of the board, where there is more than one")


def _list(arguments: argparse.Namespace) -> int:
    paths = list(dict.fromkeys([*(port.path for port in board_ports()), *arguments.port]))
    found: dict[str, list[dict[str, Any]]] = {"boards": [_asked(path) for path in paths], "busylights": _busylights()}
    if arguments.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return 0
    for board in found["boards"]:
        told = board.get("error") or f"firmware {board['firmware']}, {board['pixels']} pixels, serial {board['serial']}"
        sys.stdout.write(f"light board at {board['port']}: {told}\n")
    for light in found["busylights"]:
        sys.stdout.write(f"USB light: {light['name']}\n")
    if not any(found.values()):
        sys.stdout.write("No light board and no USB light is plugged in.\n")
    return 0 if any(found.values()) else 1


def _asked(path: str) -> dict[str, Any]:
    """Ask a port who is there."""
    met: list[News] = []
    try:
        LightBoard(BoardSettings(port=path), met.append).close()
    except (LightError, OSError) as error:
        return {"port": path, "error": str(error), "mend": getattr(error, "mend", "")}
    identity = next(news.identity for news in met if isinstance(news, Met))
    firmware = ".".join(map(str, identity.firmware))
    return {"port": path, "serial": identity.serial.hex(), "firmware": firmware, "pixels": identity.pixels}


def _busylights() -> list[dict[str, Any]]:
    try:
        from busylight_core import Light  # noqa: PLC0415 - of an extra, and slow to load
    except ImportError:
        return []
    hardware = [(kind, each) for kind, devices in Light.available_hardware().items() for each in devices]
    return [{"name": f"{kind.vendor()} {each.product_string}", "path": each.path.decode()} for kind, each in hardware]


def _settings(arguments: argparse.Namespace) -> LightSettings:
    given = load_settings(arguments.config).light if arguments.config else LightSettings(kinds=DEFAULT_KINDS)
    kinds: tuple[LightKind, ...] = tuple(arguments.kind or (kind for kind in given.kinds if kind in LAMPS))
    if not kinds:
        raise BadInputError("the settings have no light that can be tested", mend="add --kind board, or another")
    board = BoardSettings(port=arguments.port) if arguments.port else given.board
    return LightSettings(kinds, given.dimming, board, given.leds, given.neopixels)


@contextlib.contextmanager
def _lit(settings: LightSettings) -> Iterator[list[LightThread]]:
    """Give the lights, each checked once, so that what is wrong with one is said at once."""
    for kind in settings.kinds:
        try:
            LAMPS[kind](settings, lambda _news: None).close()
        except LightError as error:
            raise BadInputError(str(error), mend=error.mend) from None
    threads = [
        LightThread(kind, lambda kind=kind: LAMPS[kind](settings, _say), settings.dimming, _say_trouble)  # type: ignore[misc] # bound now
        for kind in settings.kinds
    ]
    try:
        for thread in threads:
            thread.start()
        yield threads
    finally:
        for thread in threads:
            thread.stop()


def _say(news: News) -> None:
    if isinstance(news, Pressed):
        sys.stdout.write("  the button was pressed\n")
    elif isinstance(news, Stuck) and news.is_stuck:
        sys.stdout.write("  the button has been down for 10 s: does something lie on it?\n")


def _say_trouble(kind: str, error: LightError | None) -> None:
    sys.stdout.write(f"  {kind}: {error} ({error.mend})\n" if error else f"  {kind}: here again\n")


def _test(arguments: argparse.Namespace) -> int:
    shown = [(f"{name}: {look.pixels}", Pattern(look, None, name)) for name, look in LOOKS.items()]
    shown += [(f"marked {name}, on calm", Pattern(LOOKS["calm"], mark, name)) for name, mark in MARKS.items()]
    with _lit(_settings(arguments)) as threads:
        for name, each in shown:
            sys.stdout.write(f"{painted(each.look, sys.stdout.isatty())}  {name}\n")
            sys.stdout.flush()
            for thread in threads:
                thread.show(each)
            time.sleep(arguments.seconds)
    return 0


def _identify(arguments: argparse.Namespace) -> int:
    with _lit(_settings(arguments)) as threads:
        for thread in threads:
            thread.show(pattern(LightState(identifying=True)))
        time.sleep(arguments.seconds)
    return 0


def _flash(arguments: argparse.Namespace) -> int:
    wanted = version_of(arguments.firmware)
    try:
        port = choose_port(BoardSettings(port=arguments.port), board_ports())
        for told in flash(port, arguments.firmware):
            sys.stdout.write(f"{told}\n")
            sys.stdout.flush()
    except LightError as error:
        raise BadInputError(str(error), mend=error.mend) from None
    sys.stdout.write(f"the light board at {port} runs firmware {wanted}\n")
    return 0
