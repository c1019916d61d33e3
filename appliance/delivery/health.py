"""How a device is, as it tells its server: what is so and why, and figures beside it. Never a word that was said."""

from typing import Annotated, Final

import msgspec

MAX_CONDITIONS: Final = 32
"""More than a box can suffer from at once."""

MAX_WHY: Final = 300
"""One sentence for people."""

MAX_FAILED: Final = 100
"""Releases that a box has gone back from; it forgets those that are older than a good one."""

Count = Annotated[int, msgspec.Meta(ge=0)]
Amount = Annotated[float, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Condition(msgspec.Struct, frozen=True):
    """One thing that is so of the device: a short name for programs (`ok`, `deaf`, `hot`, …), and why, for people.

    `ok` stands alone.
    """

    name: Name
    why: Annotated[str, msgspec.Meta(max_length=MAX_WHY)]


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """Which program the device runs.

    `number` is that of its newest good release, 0 for the one that it came with; `trial` the release that has still to
    show that it works; `failed` those that it went back from.
    """

    version: Name
    number: Count = 0
    trial: Count | None = None
    failed: Annotated[tuple[Count, ...], msgspec.Meta(max_length=MAX_FAILED)] = ()


class HealthMessage(msgspec.Struct, frozen=True, kw_only=True, tag="health"):
    """How the device is: volatile, newest wins, sent on change, after `welcome`, and each minute while nothing changes.

    `conditions` are all that is so, worst first. `level_dbfs` is how loud each side of the newest call spoke, by side;
    `words_per_min` what was recognised in the last minute, where a call was on; `muted_s` for how long the box has been
    muted by hand. Null, or left out, is what this device cannot tell.
    """

    conditions: Annotated[tuple[Condition, ...], msgspec.Meta(min_length=1, max_length=MAX_CONDITIONS)]
    program: Program
    uptime_s: Amount
    calls: Count = 0
    waiting_events: Count = 0
    clock_synchronised: bool = True
    temperature_c: float | None = None
    throttled: bool | None = None
    free_bytes: Count | None = None
    words_per_min: Amount | None = None
    level_dbfs: Annotated[dict[Name, float], msgspec.Meta(max_length=8)] = {}
    muted_s: Amount | None = None
