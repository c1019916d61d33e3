"""What became of the events of many devices, and how long they took."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

ROWS: Final = (
    ("events", "made by the devices"),
    ("acknowledged", "of them, by the server"),
    ("waiting", "not acknowledged a minute after the last word; a box would keep them"),
    ("lost", "acknowledged and then forgotten, or not in the store"),
    ("doubled", "stored more than once"),
    ("reordered", "stored in another order, or acknowledged before they were sent"),
    ("partials", "words in progress that were shown to the uplink"),
    ("connections", "welcomes"),
    ("unwelcome", "devices that were never welcomed"),
    ("breaks", "links that ended by themselves"),
    ("late_ms", "how late this program itself was, P95: above 50 the machine is too slow to drive so many"),
)
"""The counts of a `Tally`, in the order in which they are told."""


class Delays(msgspec.Struct, frozen=True):
    """How long from an event's making to its acknowledgement, in milliseconds; None of nothing."""

    events: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    longest_ms: float | None


class Return(msgspec.Struct, frozen=True):
    """How all came back after an outage, counted from the moment when the server could be reached again.

    `bound_s` is what the server's welcomes allow, `most_in_a_s` the most welcomes in any second.
    """

    devices: int
    last_after_s: float
    bound_s: float
    most_in_a_s: int


class Tally(msgspec.Struct, kw_only=True):
    """The outcome of a simulation. `stored` tells whether the server's own store was looked at.

    `endings` counts why links ended. `late_ms` is how late events were made, P95: the driving machine's own part.
    """

    shape: str
    speed: float
    devices: int
    took_s: float = 0.0
    events: int = 0
    acknowledged: int = 0
    waiting: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    partials: int = 0
    connections: int = 0
    unwelcome: int = 0
    breaks: int = 0
    late_ms: int = 0
    live: Delays | None = None
    backlog: Delays | None = None
    returned: list[Return] = []
    stored: bool = False
    endings: dict[str, int] = {}

    @property
    def holds(self) -> bool:
        """Whether all were let in and back in time, and nothing is waiting, lost, doubled or reordered."""
        back = all(each.devices == self.devices and each.last_after_s <= each.bound_s for each in self.returned)
        return not (self.unwelcome or self.waiting or self.lost or self.doubled or self.reordered) and back


def delays(taken_s: Sequence[float]) -> Delays:
    """Sum up so many delays."""
    if not taken_s:
        return Delays(0, None, None, None, None)
    ordered = sorted(taken_s)
    return Delays(len(ordered), *(_ms(ordered, share) for share in (0.5, 0.95, 0.99, 1.0)))


def returned(welcomed_s: Sequence[float], bound_s: float) -> Return:
    """Sum up a return: when each device was welcomed, in seconds after the server could be reached."""
    ordered = sorted(welcomed_s)
    busiest = Counter(int(at_s) for at_s in ordered)
    return Return(len(ordered), round(max(ordered, default=0.0), 2), bound_s, max(busiest.values(), default=0))


def compared(sent: Sequence[int], stored: Sequence[int]) -> tuple[int, int, int]:
    """Give how many of the numbers sent are lost, doubled and out of order in what a store holds."""
    wanted, counts = set(sent), Counter(stored)
    doubled = sum(count - 1 for count in counts.values())
    reordered = sum(later <= earlier for earlier, later in pairwise(stored)) - doubled
    return len(wanted - counts.keys()), doubled, max(0, reordered)


def as_text(tally: Tally) -> str:
    """Give the outcome as a table for people."""
    lines = [f"{tally.devices} devices, {tally.shape}, {tally.speed:g} times as fast, {tally.took_s:.0f} s"]
    lines += [f"{name:<14}{getattr(tally, name):>12,}  {what}" for name, what in ROWS]
    lines.append(f"{'':<14}{'events':>12}{'P50 ms':>10}{'P95 ms':>10}{'P99 ms':>10}{'longest':>10}")
    for name, each in (("on line", tally.live), ("after a break", tally.backlog)):
        if each is not None and each.events:
            times = "".join(f"{value:>10,.1f}" for value in (each.p50_ms, each.p95_ms, each.p99_ms, each.longest_ms))
            lines.append(f"{name:<14}{each.events:>12,}{times}")
    for each_return in tally.returned:
        lines.append(
            f"return: {each_return.devices} devices, the last after {each_return.last_after_s:g} s (bound "
            f"{each_return.bound_s:g} s), at most {each_return.most_in_a_s} in a second"
        )
    lines += [f"link ended {count} times: {text}" for text, count in tally.endings.items()]
    looked = "seen in the server's store too" if tally.stored else "told by acknowledgements alone: see --api-headers"
    verdict = (
        "nobody was kept out, nothing waits, is lost, doubled or reordered" if tally.holds else "NOT AS IT MUST BE"
    )
    lines.append(f"{verdict} ({looked})")
    return "\n".join(lines)


def _ms(ordered: Sequence[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 1)
