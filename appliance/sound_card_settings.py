"""The table `[line]` of the settings for a sound card.

```toml
[line]
kind = "sound_card"
card = "USB Audio"          # its name or a part of it, "usb:1-1.4" for the socket, "serial:0042" for the card itself
#cards = ["usb:1-1.3", "usb:1-1.4"] # in place of `card`: two mono cards, one for each side
sides = ["agent", "caller"] # whose voice each channel, or each card, carries; default: left agent, right caller
mixed = false               # true: both voices come on one channel; who speaks is then unknown
rate_hz = "48000"           # at which the card is read: "8000", "16000", "44100" or "48000"
band = "narrow"             # what the telephone carries, until it is measured: "narrow" or "wide"
#[line.hook]                # what tells that the handset is lifted, in place of the sound: `hook_settings`
```
"""

from typing import Final, cast, get_args

import msgspec

from appliance.events import Band
from appliance.hook_settings import HookSettings, parse_hook
from appliance.speech.frames import Side
from appliance.toml_table import Table

MAX_SIDES: Final = 2

DEFAULT_SIDES: Final[tuple[Side, ...]] = ("agent", "caller")
"""Left is the near end."""

MIXED_SIDES: Final[tuple[Side, ...]] = ("caller",)
"""What is said on a mixed line stands under the caller, whom the rules are about."""

RATES_HZ: Final = ("8000", "16000", "44100", "48000")
"""At which sound cards can be read."""


class SoundCardSettings(msgspec.Struct, frozen=True):
    """One card with a channel for each side, or a mono card for each; `sides` are theirs in their order.

    A card is named by its name or a part of it, by its socket ("usb:1-1.4") or by its serial number ("serial:0042"),
    never by its number, which changes. On a `mixed` line both voices come on the one side that there is.
    `hook` None: the sound of the line tells when a call begins and ends.
    """

    cards: tuple[str, ...]
    sides: tuple[Side, ...] = DEFAULT_SIDES
    rate_hz: int = 48_000
    band: Band = "narrow"
    mixed: bool = False
    hook: HookSettings | None = None

    @property
    def channels(self) -> int:
        """Give how many channels each card has to give."""
        return len(self.sides) // len(self.cards)

    def sides_of(self, card: int) -> tuple[Side, ...]:
        """Give the sides that a card carries, in the order of its channels."""
        return self.sides if len(self.cards) == 1 else self.sides[card : card + 1]


def parse_sound_card(table: Table) -> SoundCardSettings:
    """Read the table `[line]` of a sound card; raises `BadInputError` with line and key."""
    table.allow_only("kind", "card", "cards", "sides", "mixed", "rate_hz", "band", "hook")
    mixed = table.flag("mixed", default=False)
    sides = read_sides(table) or (MIXED_SIDES if mixed else DEFAULT_SIDES)
    if mixed and sides != MIXED_SIDES:
        table.refuse("sides", "and `mixed`: a mixed line has no sides", "leave `sides` out")
    return SoundCardSettings(
        cards=_cards(table, len(sides)),
        sides=sides,
        rate_hz=int(table.text("rate_hz", "48000", of=RATES_HZ)),
        band=cast("Band", table.text("band", "narrow", of=get_args(Band))),
        mixed=mixed,
        hook=parse_hook(table.table("hook")) if table.has("hook") else None,
    )


def read_sides(table: Table) -> tuple[Side, ...]:
    """Read whose voice each channel carries; empty where the key is not there."""
    sides = table.texts("sides", ())
    for side in sides:
        if side not in get_args(Side) or sides.count(side) > 1 or len(sides) > MAX_SIDES:
            table.refuse("sides", f"holds {list(sides)}", 'name each side once: ["agent", "caller"]', near=side)
    return cast("tuple[Side, ...]", sides)


def _cards(table: Table, sides: int) -> tuple[str, ...]:
    if not table.has("cards"):
        return (table.text("card"),)
    if table.has("card"):
        table.refuse("cards", "and `card`: exactly one is needed", "leave one of them out")
    cards = table.texts("cards")
    if len(cards) not in {1, sides}:
        table.refuse("cards", f"names {len(cards)} cards for {sides} sides", "name one card for each side")
    if len(set(cards)) < len(cards):
        mend = 'two cards of one name are told apart by their sockets: cards = ["usb:1-1.3", "usb:1-1.4"]'
        table.refuse("cards", f'names "{cards[0]}" twice', mend)
    return cards
