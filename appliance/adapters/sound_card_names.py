"""The names of sound cards that last: ALSA's number is another one after each re-plug, and two cards may share a name.

What ALSA calls a card, the USB socket that it is plugged into ("usb:1-1.4": bus 1, port 1 of the box, port 4 of the
hub) and the serial number that its maker gave it, if any ("serial:0042"). The last two are read from sysfs.
"""

import re
from pathlib import Path
from typing import Final, NamedTuple

SYS_SOUND: Final = Path("/sys/class/sound")

USB: Final = "usb:"
SERIAL: Final = "serial:"

NUMBER: Final = re.compile(r"\s*\((?:hw|plughw):(\d+),\d+\)$")
"""ALSA's number of a card, at the end of PortAudio's name for it."""


class Place(NamedTuple):
    """Where a USB card is plugged in, and its serial number; empty where it has none."""

    usb: str
    serial: str


class Card(NamedTuple):
    """A card that can be heard: PortAudio's number for it today, its names, its inputs and its own rate."""

    number: int
    name: str
    channels: int
    rate_hz: int
    usb: str = ""
    serial: str = ""

    @property
    def lasting_name(self) -> str:
        """Give its name without ALSA's number."""
        return NUMBER.sub("", self.name)


def places(root: Path = SYS_SOUND) -> dict[int, Place]:
    """Give the place of each USB card by ALSA's number, from a tree like /sys/class/sound; others have none."""
    found = ((int(entry.name[4:]), _place(entry)) for entry in root.glob("card[0-9]*") if entry.name[4:].isdecimal())
    return {number: place for number, place in found if place}


def placed(card: Card, known: dict[int, Place]) -> Card:
    """Give the card with its place."""
    number = NUMBER.search(card.name)
    place = known.get(int(number[1])) if number else None
    return card._replace(usb=place.usb, serial=place.serial) if place else card


def find(found: list[Card], wanted: str) -> Card | None:
    """Give the card in that socket, with that serial number or of that name, else the first whose name holds it."""
    if wanted.startswith(USB):
        return next((card for card in found if card.usb and USB + card.usb == wanted), None)
    if wanted.startswith(SERIAL):
        return next((card for card in found if card.serial and SERIAL + card.serial == wanted), None)
    whole = [card for card in found if wanted in {card.name, card.lasting_name}]
    return next(iter(whole or [card for card in found if wanted.casefold() in card.name.casefold()]), None)


def best_name(card: Card, others: list[Card]) -> str:
    """Give the name that stands for this card alone: its own, else its serial number, else its socket."""
    if not any(other.lasting_name == card.lasting_name for other in others):
        return card.lasting_name
    if card.serial and not any(other.serial == card.serial for other in others):
        return SERIAL + card.serial
    return USB + card.usb if card.usb else card.lasting_name


def _place(entry: Path) -> Place | None:
    """Look for the USB device above the card: its folder is named by its ports."""
    try:
        folders = entry.resolve(strict=True).parents
        device = next((folder for folder in folders if (folder / "idVendor").is_file()), None)
        if device is None:
            return None
        serial = device / "serial"
        return Place(device.name, serial.read_text("utf-8", "replace").strip() if serial.is_file() else "")
    except OSError:
        return None  # unplugged while it was looked at
