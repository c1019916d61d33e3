"""The health of the computer that the box is made of: its temperature, its supply, its card, and how fast that commits.

What the kernel says stands in files below `/sys`; where one is missing the machine has no such part, and that is told.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Final

from appliance.adapters.machine_checks import Finding

SYS: Final = Path("/sys")

HOT_C: Final = 75.0
"""A Pi throttles itself at 80 degrees, and a case on a desk in summer adds a few to what it has at night."""

THROTTLED: Final = "devices/platform/soc/soc:firmware/get_throttled"
"""Of the Pi's firmware; the meaning of its bits: `vcgencmd get_throttled` in the Raspberry Pi documentation."""

TROUBLES: Final = {0: "too little voltage", 1: "clock capped", 2: "throttled", 3: "too hot"}
"""By bit: now. The same 16 bits higher: at some time since the start."""

WORN: Final = 0x0A
"""`life_time` of an eMMC tells its wear in tenths; this is 90 to 100 %."""

COMMITS: Final = 32
COMMIT_BYTES: Final = 4_096
SLOW_COMMIT_MS: Final = 250.0
"""A call gives two events a second; a card that needs longer for a commit has no room for a second call."""


def temperature_finding(sys_folder: Path = SYS) -> Finding:
    """Tell how warm the processor is."""
    readings = [_number(zone / "temp") for zone in sorted((sys_folder / "class/thermal").glob("thermal_zone*"))]
    degrees = [reading / 1000 for reading in readings if reading is not None]
    if not degrees:
        mend = "nothing to mend where this machine has none; a Pi tells it in /sys/class/thermal"
        return Finding("temperature", "note", "no temperature sensor found", mend)
    hottest = max(degrees)
    if hottest >= HOT_C:
        return Finding("temperature", "trouble", f"{hottest:.0f} degrees C", "give the case air, or a heat sink")
    return Finding("temperature", "ok", f"{hottest:.0f} degrees C")


def throttling_finding(sys_folder: Path = SYS) -> Finding:
    """Tell whether the board had to slow down since it was started, and why."""
    try:
        bits = int((sys_folder / THROTTLED).read_text().strip(), 16)
    except (OSError, ValueError):
        mend = "nothing to mend on another board; on a Pi update its kernel, or ask vcgencmd get_throttled"
        return Finding("throttling", "note", "cannot be told: no firmware of a Raspberry Pi found", mend)
    now = [words for bit, words in TROUBLES.items() if bits >> bit & 1]
    once = [words for bit, words in TROUBLES.items() if bits >> (16 + bit) & 1 and words not in now]
    if not now and not once:
        return Finding("throttling", "ok", "none since the start")
    told = [f"now: {', '.join(now)}"] if now else []
    told += [f"since the start: {', '.join(once)}"] if once else []
    supply = any(words == TROUBLES[0] for words in now + once)
    mend = "take the supply and the cable that the board's maker names" if supply else "give the case air, a heat sink"
    return Finding("throttling", "trouble", "; ".join(told), mend)


def card_findings(sys_folder: Path = SYS) -> list[Finding]:
    """Tell of each SD card or eMMC what it and its file systems say of themselves."""
    cards = sorted(place for place in (sys_folder / "block").glob("mmcblk*") if (place / "device").is_dir())
    if not cards:
        return [
            Finding("SD card", "note", "no SD card found: this machine starts from another disk", "nothing to mend")
        ]
    return [_card_finding(card, sys_folder) for card in cards]


def _card_finding(card: Path, sys_folder: Path) -> Finding:
    kind, name = _text(card / "device/type") or "card", _text(card / "device/name") or "without a name"
    subject = f"SD card {card.name}"
    counts = (_number(place / "errors_count") or 0 for place in (sys_folder / "fs/ext4").glob(f"{card.name}p*"))
    if errors := sum(counts):
        mend = "copy what you need, then write a new card; this one fails"
        return Finding(subject, "trouble", f"{kind} {name}: {errors} errors in its file systems", mend)
    if any(int(word, 16) >= WORN for word in (_text(card / "device/life_time") or "").split()):
        return Finding(subject, "trouble", f"{kind} {name} is worn out by its own word", "write a new card")
    return Finding(subject, "ok", f"{kind} {name}: no errors")


def commit_finding(folder: Path) -> Finding:
    """Tell how long the disk of a folder, or of the nearest above it, takes to make a small write safe."""
    place = next(each for each in (folder, *folder.parents) if each.is_dir())
    took_ms: list[float] = []
    try:
        with tempfile.TemporaryFile(dir=place, buffering=0) as file:
            for _ in range(COMMITS):
                began_s = time.monotonic()
                file.write(os.urandom(COMMIT_BYTES))
                os.fsync(file.fileno())
                took_ms.append(1000 * (time.monotonic() - began_s))
    except OSError as error:
        return Finding("commits", "trouble", f"{place} cannot be written ({error.strerror})", "see undertone doctor")
    slowest_ms = sorted(took_ms)[COMMITS * 95 // 100]
    if slowest_ms > SLOW_COMMIT_MS:
        mend = "take a card of class A1 or better: this one is slow or worn"
        return Finding("commits", "trouble", f"95 % within {slowest_ms:.0f} ms in {place}", mend)
    return Finding("commits", "ok", f"95 % within {slowest_ms:.1f} ms in {place}")


def _text(file: Path) -> str | None:
    try:
        return file.read_text().strip()
    except OSError:
        return None


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
