"""What the machine tells of itself: temperature, throttling, free space."""

import shutil
from pathlib import Path
from typing import Final

SYS: Final = Path("/sys")

THERMAL: Final = "class/thermal/thermal_zone*/temp"
"""In thousandths of a degree (Linux, Documentation/driver-api/thermal)."""

THROTTLED: Final = "devices/platform/soc*/soc*:firmware/get_throttled"
"""A Raspberry Pi's firmware: a hexadecimal word whose four lowest bits say what is so now."""

THROTTLED_NOW: Final = 0b1111
"""Under-voltage, frequency capped, throttled, soft temperature limit (Raspberry Pi documentation, "vcgencmd")."""


def temperature_c(sys: Path = SYS) -> float | None:
    """Give the temperature of the hottest zone; None where nothing is measured."""
    readings = [value for file in sys.glob(THERMAL) if (value := _number(file, 10)) is not None]
    return max(readings) / 1000 if readings else None


def throttled(sys: Path = SYS) -> bool | None:
    """Tell whether the board has slowed itself down now; None where it cannot be asked."""
    words = [value for file in sys.glob(THROTTLED) if (value := _number(file, 16)) is not None]
    return any(word & THROTTLED_NOW for word in words) if words else None


def free_bytes(folder: Path) -> int | None:
    """Give the free space under a folder; None where it cannot be asked."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _number(file: Path, base: int) -> int | None:
    try:
        return int(file.read_text("ascii").strip(), base)
    except (OSError, ValueError):
        return None  # a zone that is switched off answers with an error
