"""How the box is, in one word for a table and one sentence for people: from its faults and what it measures."""

from collections.abc import Iterator
from typing import Final, Literal, get_args

import msgspec

from appliance.indicator.patterns import FAULT_WORDS, Fault

HealthName = Literal["deaf", "fault", "disk", "refused", "slow", "hot", "muted", "offline", "clock", "ok"]
"""Worst first: what keeps the box from hearing, then what loses events, then what will soon do so, then the rest."""

RANK: Final[dict[HealthName, int]] = {name: place for place, name in enumerate(get_args(HealthName))}

OF_FAULT: Final[dict[Fault, HealthName]] = {
    "line_lost": "deaf",
    "line_deaf": "deaf",
    "no_model": "deaf",
    "recognizer_lost": "deaf",
    "outbox_broken": "disk",
    "outbox_full": "disk",
    "link_refused": "refused",
}
"""What each fault means; one that is not named here is a fault."""

HOT_C: Final = 75.0
"""A Raspberry Pi slows itself down from 80 degrees on (its documentation, "Thermal management")."""

LEAST_FREE_BYTES: Final = 200 * 1024**2
"""A day of calls takes a few MiB, an update a hundred."""

MUTED_LONG_S: Final = 2 * 3600.0
"""A mute that was forgotten: nobody is in one call for so long."""


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the box at a moment; None where this machine cannot tell.

    `since_muted_s` is how long it has been muted by its agent, `waiting_events` how many events the server has yet to
    acknowledge, `throttled` whether the board has slowed itself down for heat or want of power.
    """

    faults: frozenset[Fault] = frozenset()
    has_server: bool = True
    link_online: bool = True
    since_muted_s: float | None = None
    waiting_events: int = 0
    temperature_c: float | None = None
    throttled: bool | None = None
    free_bytes: int | None = None
    clock_synchronised: bool = True


class Health(msgspec.Struct, frozen=True):
    """One thing that is so, and why."""

    name: HealthName
    why: str


def health(readings: Readings) -> tuple[Health, ...]:
    """Give all that is not well, worst first; one `ok` when nothing is."""
    found = sorted(_found(readings), key=lambda each: RANK[each.name])
    return tuple(found) or (Health("ok", "All is well"),)


def _found(readings: Readings) -> Iterator[Health]:
    for fault, words in FAULT_WORDS.items():
        if fault in readings.faults:
            yield Health(OF_FAULT.get(fault, "fault"), words)
    if readings.has_server and not readings.link_online:
        yield Health("offline", f"The central server cannot be reached; {readings.waiting_events} events wait")
    if readings.since_muted_s is not None and readings.since_muted_s >= MUTED_LONG_S:
        yield Health("muted", f"Muted for {readings.since_muted_s / 3600:.1f} hours")
    yield from _of_machine(readings)


def _of_machine(readings: Readings) -> Iterator[Health]:
    if readings.temperature_c is not None and readings.temperature_c >= HOT_C:
        yield Health("hot", f"{readings.temperature_c:.0f} °C inside: more air, or another place")
    if readings.throttled:
        yield Health("slow", "The board has slowed itself down: a weak power supply, or heat")
    if readings.free_bytes is not None and readings.free_bytes < LEAST_FREE_BYTES:
        yield Health("disk", f"Only {readings.free_bytes // 1024**2} MiB are free")
    if not readings.clock_synchronised:
        yield Health("clock", "The clock is not synchronised; events say so")
