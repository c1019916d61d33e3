"""The table `[line.hook]` of the settings: what tells that the handset is lifted, in place of the sound of the line.

```toml
[line.hook]
kind = "gpio"               # a contact on the box's pins, with the extra `gpio`
pin = 17                    # by its GPIO number; the box pulls it the other way
off_hook = "low"            # "low": the contact to ground is closed off hook; "high": to 3.3 V

#kind = "hid"               # the hook button of a USB headset adapter
#device = "Jabra"           # its name or a part of it

#kind = "serial"            # a telephone or a switch that writes a byte at each change
#port = "/dev/ttyUSB0"
#baud = 9600
#off_hook = "1"             # the bytes for it
#on_hook = "0"
```
"""

from typing import Final, Literal, cast, get_args

import msgspec

from appliance.toml_table import Table

LAST_PIN: Final = 27
"""Of the pins on the header of a Raspberry Pi."""

BAUDS: Final = (300, 921_600)

HookLevel = Literal["low", "high"]


class GpioHookSettings(msgspec.Struct, frozen=True):
    """A contact on a pin of the box; off hook the pin is at this level."""

    pin: int
    off_hook: HookLevel = "low"


class HidHookSettings(msgspec.Struct, frozen=True):
    """The hook switch of a USB telephone device, by its name or a part of it."""

    device: str


class SerialHookSettings(msgspec.Struct, frozen=True):
    """A serial port, and the bytes that are written to it when the handset is lifted and put down."""

    port: str
    baud: int = 9_600
    off_hook: str = "1"
    on_hook: str = "0"


HookSettings = GpioHookSettings | HidHookSettings | SerialHookSettings


def parse_hook(table: Table) -> HookSettings:
    """Read the table `[line.hook]`; raises `BadInputError` with line and key."""
    match table.text("kind", of=("gpio", "hid", "serial")):
        case "gpio":
            table.allow_only("kind", "pin", "off_hook")
            level = cast("HookLevel", table.text("off_hook", "low", of=get_args(HookLevel)))
            if not table.has("pin"):
                table.refuse("", "has no `pin`", "add `pin`: a GPIO number, such as 17")
            return GpioHookSettings(table.whole_number("pin", 0, at_least=0, at_most=LAST_PIN), level)
        case "hid":
            table.allow_only("kind", "device")
            return HidHookSettings(table.text("device"))
        case _:
            table.allow_only("kind", "port", "baud", "off_hook", "on_hook")
            baud = table.whole_number("baud", 9_600, at_least=BAUDS[0], at_most=BAUDS[1])
            return SerialHookSettings(
                table.text("port"), baud, _byte(table, "off_hook", "1"), _byte(table, "on_hook", "0")
            )


def _byte(table: Table, key: str, default: str) -> str:
    text = table.text(key, default)
    if len(text) != 1 or not text.isascii():
        table.refuse(key, f'is "{text}"', f'write one character of ASCII, such as "{default}"')
    return text
