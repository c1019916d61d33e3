"""The table `[light]` of the settings: which lights there are, and how bright.

```toml
[light]
kind = ["board", "terminal"] # one of KINDS, or several
brightness = 1.0             # of real lights, from 0.05 to 1
night = "22:00-06:00"        # local time; default: no night
night_brightness = 0.2

[light.board]                # the project's own light board on USB
serial = "E661640843"        # which one, where there are several: undertone light list
port = "/dev/ttyACM0"        # or its port, in place of the serial number
buzzer = true                # a short tone when an alert becomes urgent; default: false

[light.leds]                 # a red-green-blue LED on the pins of a Pi (GPIO numbers), with kind "leds"
red = 17
green = 27
blue = 22
common_anode = false         # true when its common leg is at 3.3 V

[light.neopixels]            # NeoPixels (WS2812) on the data line of a Pi's SPI, with kind "neopixels"
device = "/dev/spidev0.0"
count = 8
```
"""

import re
from typing import Final, Literal, cast, get_args

import msgspec

from appliance.indicator.night import Dimming
from appliance.toml_table import Table

LightKind = Literal["terminal", "lines", "board", "busylight", "leds", "neopixels", "none"]

MIN_BRIGHTNESS: Final = 0.05
"""A light that nobody sees is no light; who wants none leaves it out."""
MAX_GPIO: Final = 27
"""On the header of a Pi."""
MAX_NEOPIXELS: Final = 300
"""They draw 18 A when they are all white; a Pi's SPI buffer of 4 KiB holds as many."""

NIGHT: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class BoardSettings(msgspec.Struct, frozen=True):
    """Which light board; empty: the only one that is there."""

    port: str = ""
    serial: str = ""
    buzzer: bool = False


class LedSettings(msgspec.Struct, frozen=True):
    """GPIO numbers of the three legs."""

    red: int = 17
    green: int = 27
    blue: int = 22
    common_anode: bool = False


class NeopixelSettings(msgspec.Struct, frozen=True):
    """The SPI device whose data line they hang on, and how many there are."""

    device: str = "/dev/spidev0.0"
    count: int = 8


class LightSettings(msgspec.Struct, frozen=True):
    """All lights of the box."""

    kinds: tuple[LightKind, ...] = ("terminal",)
    dimming: Dimming = Dimming()
    board: BoardSettings = BoardSettings()
    leds: LedSettings = LedSettings()
    neopixels: NeopixelSettings = NeopixelSettings()


NO_LIGHT: Final = LightSettings(kinds=("none",))


def parse_light(table: Table) -> LightSettings:
    """Read the table `[light]`. Raises `BadInputError` with line and key."""
    table.allow_only("kind", "brightness", "night", "night_brightness", "board", "leds", "neopixels")
    kinds = table.one_or_more("kind", ("terminal",), of=get_args(LightKind))
    return LightSettings(
        kinds=cast("tuple[LightKind, ...]", tuple(dict.fromkeys(kinds))),
        dimming=_dimming(table),
        board=_board(table.table("board", optional=True)),
        leds=_leds(table.table("leds", optional=True)),
        neopixels=_neopixels(table.table("neopixels", optional=True)),
    )


def _dimming(table: Table) -> Dimming:
    day = table.number("brightness", 1.0, at_least=MIN_BRIGHTNESS, at_most=1.0)
    night = table.number("night_brightness", day, at_least=MIN_BRIGHTNESS, at_most=1.0)
    text = table.text("night", "00:00-00:00")
    found = NIGHT.fullmatch(text)
    if not found:
        table.refuse("night", f'is "{text}"', 'write hours and minutes from and to, such as "22:00-06:00"')
    begins_h, begins_min, ends_h, ends_min = map(int, found.groups())
    return Dimming(day, night, begins_h * 60 + begins_min, ends_h * 60 + ends_min)


def _board(table: Table) -> BoardSettings:
    table.allow_only("port", "serial", "buzzer")
    if table.has("port") and table.has("serial"):
        table.refuse("port", "stands beside `serial`", "give one of them")
    return BoardSettings(table.text("port", ""), table.text("serial", ""), table.flag("buzzer", default=False))


def _leds(table: Table) -> LedSettings:
    table.allow_only("red", "green", "blue", "common_anode")
    usual = LedSettings()
    red, green, blue = (
        table.whole_number(leg, getattr(usual, leg), at_least=0, at_most=MAX_GPIO) for leg in ("red", "green", "blue")
    )
    if len({red, green, blue}) < 3:
        table.refuse("red", "shares its pin", "give each leg a pin of its own")
    return LedSettings(red, green, blue, table.flag("common_anode", default=False))


def _neopixels(table: Table) -> NeopixelSettings:
    table.allow_only("device", "count")
    usual = NeopixelSettings()
    count = table.whole_number("count", usual.count, at_least=1, at_most=MAX_NEOPIXELS)
    return NeopixelSettings(table.text("device", usual.device), count)
