"""The table `[line]` of the settings, one type for each kind of line."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, cast, get_args

import msgspec

from appliance.siprec_settings import SiprecSettings, parse_siprec
from appliance.sound_card_settings import SoundCardSettings, parse_sound_card, read_sides
from appliance.speech.frames import Side
from appliance.toml_table import Table

Pace = Literal["real", "fast"]


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


LineSettings = RecordingSettings | RtpTapSettings | SiprecSettings | SoundCardSettings
"""The table `[line]`, one type for each of its kinds."""


def parse_line(table: Table, folder: Path) -> LineSettings:
    """Read the table `[line]`; relative paths in it start from `folder`. Raises `BadInputError` with line and key."""
    return _LINES[table.text("kind", of=tuple(_LINES))](table, folder)


def _recording(table: Table, folder: Path) -> RecordingSettings:
    table.allow_only("kind", "file", "sides", "pace")
    pace = cast("Pace", table.text("pace", "real", of=get_args(Pace)))
    return RecordingSettings(folder / table.text("file"), read_sides(table), pace)


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
    return parse_sound_card(table)


_LINES: Final[dict[str, Callable[[Table, Path], LineSettings]]] = {
    "recording": _recording,
    "rtp_tap": _rtp_tap,
    "siprec": parse_siprec,
    "sound_card": _sound_card,
}
"""The reader of each kind of line: each knows its own keys."""

LINE_KINDS: Final = tuple(_LINES)
