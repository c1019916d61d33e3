"""The box's UTC, and whether it can be trusted: a board without a clock chip starts with a wrong one."""

import ctypes
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

_TIMEX_BYTES: Final = 512
"""More than the kernel's `struct timex` (208 bytes); all zero asks without setting anything."""

_TIME_ERROR: Final = 5
"""`adjtimex(2)`: the clock is not synchronised."""

_libc = ctypes.CDLL(None)


def is_synchronised() -> bool:
    """Say whether the kernel's clock is kept right by a time service, whichever it is."""
    state: int = _libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= state < _TIME_ERROR


def boot_id() -> str:
    """Name this start of the box; the next one has another name."""
    return BOOT_ID.read_text("ascii").strip()


def uptime_s() -> float:
    """Give the time since the box was started, in seconds, which no step of the clock touches."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def utc(monotonic_s: float | None = None) -> str:
    """Give the present time, or that of a monotonic instant, as ISO 8601 with milliseconds and `Z`."""
    ago_s = 0.0 if monotonic_s is None else time.monotonic() - monotonic_s
    at = datetime.fromtimestamp(time.time() - ago_s, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
