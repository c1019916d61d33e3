"""The table `[line]` of the settings, one type for each kind of line."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, cast, get_args

import msgspec

from appliance.events import Band
from appliance.siprec_settings import SiprecSettings, parse_siprec
from appliance.speech.frames import Side
from appliance.toml_table import Table

Pace = Literal["real", "fast"]

MAX_SIDES: Final = 2

DEFAULT_SIDES: Final[tuple[Side, ...]] = ("agent", "caller")
"""Left is the near end."""

RATES_HZ: Final = ("8000", "16000", "44100", "48000")
"""At which sound cards can be read."""


class RecordingSettings(msgspec.Struct, frozen=True):
    """A recorded call; empty `sides` means the usual ones for the number of channels."""

    file: Path
    sides: tuple[Side, ...] = ()
    pace: Pace = "real"


class RtpTapSettings(msgspec.Struct, frozen=True):
    """What to overhear, an interface or a capture, who is an agent there, and whether the digits of keys are kept."""

    file: Path | None = None
    interface: str = ""
    agents: tuple[str, ...] = ()
    pace: Pace = "real"
    keep_keys: bool = False


class SoundCardSettings(msgspec.Struct, frozen=True):
    """A card by its name, or a part of it: its number changes. `sides` are its channels in their order."""

    card: str
    sides: tuple[Side, ...] = DEFAULT_SIDES
    rate_hz: int = 48_000
    band: Band = "narrow"


LineSettings = RecordingSettings | RtpTapSettings | SiprecSettings | SoundCardSettings
"""The table `[line]`, one type for each of its kinds."""


def parse_line(table: Table, folder: Path) -> LineSettings:
    """Read the table `[line]`; relative paths in it start from `folder`. Raises `BadInputError` with line and key."""
    return _LINES[table.text("kind", of=tuple(_LINES))](table, folder)


def _recording(table: Table, folder: Path) -> RecordingSettings:
    table.allow_only("kind", "file", "sides", "pace")
    pace = cast("Pace", table.text("pace", "real", of=get_args(Pace)))
    return RecordingSettings(folder / table.text("file"), _sides(table), pace)


def _rtp_tap(table: Table, folder: Path) -> RtpTapSettings:
    table.allow_only("kind", "file", "interface", "agents", "pace", "keys")
    if table.has("file") == table.has("interface"):
        table.refuse(
            "file", "and `interface`: exactly one is needed", 'write interface = "eth1", or file = "calls.pcap"'
        )
    return RtpTapSettings(
        file=folder / table.text("file") if table.has("file") else None,
        interface="" if table.has("file") else table.text("interface"),
        agents=table.texts("agents", ()),
        pace=cast("Pace", table.text("pace", "real", of=get_args(Pace))),
        keep_keys=table.text("keys", "redacted", of=("redacted", "kept")) == "kept",
    )


def _sound_card(table: Table, _folder: Path) -> SoundCardSettings:
    table.allow_only("kind", "card", "sides", "rate_hz", "band")
    return SoundCardSettings(
        card=table.text("card"),
        sides=_sides(table) or DEFAULT_SIDES,
        rate_hz=int(table.text("rate_hz", "48000", of=RATES_HZ)),
        band=cast("Band", table.text("band", "narrow", of=get_args(Band))),
    )


_LINES: Final[dict[str, Callable[[Table, Path], LineSettings]]] = {
    "recording": _recording,
    "rtp_tap": _rtp_tap,
    "siprec": parse_siprec,
    "sound_card": _sound_card,
}
"""The reader of each kind of line: each knows its own keys."""


def _sides(table: Table) -> tuple[Side, ...]:
    sides = table.texts("sides", ())
    for side in sides:
        if side not in get_args(Side) or sides.count(side) > 1 or len(sides) > MAX_SIDES:
            table.refuse("sides", f"holds {list(sides)}", 'name each side once: ["agent", "caller"]', near=side)
    return cast("tuple[Side, ...]", sides)
