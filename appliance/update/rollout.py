"""A release on its way to the fleet, in rings, and the rule that stops it.

    1 % ── soaked, and few fell ──► 10 % ── soaked ──► all ── all have it ──► done
      └──────────── too many fell ────────┴────────► halted ── a person ──► on

A box *falls* when it went back from the release, has not come back since it was offered, or has become ill with it
while it was well before. What happens to the boxes that were not offered the release is not the release's doing: their
share of ill ones is allowed on top (a weak network, the office that is switched off at night).
"""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from appliance.update.ring import first_ring

STAGES: Final = (1.0, 10.0, 100.0)
"""Per cent of the fleet."""

SOAK_S: Final = 24 * 3600.0
"""A day of calls, before the next ring is asked."""

MIN_FALLEN: Final = 2
"""One box may fall for a reason of its own, as long as others of its ring have still to answer."""

MAX_FALLEN_SHARE: Final = 0.1
"""Of the boxes that have answered; two of ten are too many, one of ten is not."""

ENOUGH_SHARE: Final = 0.9
"""Of the boxes of a ring that are there: some are in a call for hours, or have no space."""

ILL_AFTER_S: Final = 120.0
"""A box that has just started is ill for a moment: its sound card comes, its clock is set."""

GONE: Final = frozenset({"offline", "never_seen", "silent"})
ILL: Final = frozenset({"deaf", "fault", "disk", "slow", "hot", *GONE})
"""States that a release may bring about. A mute, a clock and a certificate are nobody's program's fault."""

Number = Annotated[int, msgspec.Meta(ge=1)]


class Box(msgspec.Struct, frozen=True):
    """What is known of a box now: its good release, the one on trial, those that it went back from, and its state."""

    state: str
    lasts_s: float
    number: int = 0
    trial: int | None = None
    failed: tuple[int, ...] = ()

    @property
    def is_ill(self) -> bool:
        """Whether something is so that a release may have brought about."""
        return self.state in ILL


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """One release on its way. Times are seconds since 1970.

    `first` are boxes that a person chose as the first ring, in place of the hash. `asked` are the boxes that were
    offered the release, and whether they were ill before. `whole_since_s` is when the ring was through. `halted` says
    why nobody is offered it; `forgiven` are boxes whose fall a person has looked at.
    """

    number: Number
    version: str
    first: tuple[str, ...] = ()
    stages: tuple[float, ...] = STAGES
    soak_s: float = SOAK_S
    stage: int = 0
    whole_since_s: float | None = None
    asked: dict[str, bool] = {}
    halted: str = ""
    forgiven: tuple[str, ...] = ()
    done: bool = False


class Progress(msgspec.Struct, frozen=True):
    """How far a release is: the boxes of its ring, those that have it, those that fell and why."""

    ring: frozenset[str]
    have: frozenset[str]
    fallen: dict[str, str]


def progress(rollout: Rollout, boxes: Mapping[str, Box]) -> Progress:
    """Say how far a release is."""
    have = frozenset(name for name, box in boxes.items() if box.number == rollout.number)
    fallen = {name: why for name in rollout.asked if name in boxes and (why := _fell(rollout, name, boxes[name]))}
    return Progress(_ring(rollout, boxes), have, fallen)


def may_take(rollout: Rollout, device: str, boxes: Mapping[str, Box]) -> bool:
    """Say whether a box is offered the release now; one that was, or has it, is while the release is not halted."""
    if rollout.halted:
        return False
    return rollout.done or device in rollout.asked or device in _ring(rollout, boxes)


def asked(rollout: Rollout, device: str, box: Box) -> Rollout:
    """Note that a box was offered the release, and how it was before; later offers change nothing."""
    if device in rollout.asked:
        return rollout
    return msgspec.structs.replace(rollout, asked=rollout.asked | {device: box.is_ill})


def looked(rollout: Rollout, boxes: Mapping[str, Box], now_s: float) -> Rollout:
    """Look at the fleet: halt, go on to the next ring, or leave all as it is."""
    if rollout.halted or rollout.done:
        return rollout
    found = progress(rollout, boxes)
    if why := _too_many(rollout, found, boxes):
        return halted(rollout, why)
    if not _is_whole(found, boxes):
        return msgspec.structs.replace(rollout, whole_since_s=None)
    if rollout.stage == len(rollout.stages) - 1:
        return msgspec.structs.replace(rollout, done=True)
    since_s = now_s if rollout.whole_since_s is None else rollout.whole_since_s
    if now_s - since_s < rollout.soak_s:
        return msgspec.structs.replace(rollout, whole_since_s=since_s)
    return msgspec.structs.replace(rollout, stage=rollout.stage + 1, whole_since_s=None)


def halted(rollout: Rollout, why: str) -> Rollout:
    """Offer it to nobody until a person says so; boxes that have it keep it."""
    return msgspec.structs.replace(rollout, halted=why, whole_since_s=None)


def resumed(rollout: Rollout, boxes: Mapping[str, Box]) -> Rollout:
    """Go on: a person has looked at the boxes that fell, and they no longer count."""
    fallen = {*rollout.forgiven, *progress(rollout, boxes).fallen}
    return msgspec.structs.replace(rollout, halted="", forgiven=tuple(sorted(fallen)))


def _ring(rollout: Rollout, boxes: Mapping[str, Box]) -> frozenset[str]:
    chosen = frozenset(rollout.first) & boxes.keys()
    if rollout.first and rollout.stage == 0:
        return chosen  # none at all, rather than others than were chosen
    return chosen | first_ring(boxes.keys(), rollout.number, rollout.stages[rollout.stage])


def _fell(rollout: Rollout, name: str, box: Box) -> str:
    """Say how a box fell; nothing when it did not."""
    if name in rollout.forgiven:
        return ""
    if rollout.number in box.failed:
        return "went back from it"
    if rollout.asked[name] or box.lasts_s < ILL_AFTER_S or not box.is_ill:
        return ""
    if box.state in GONE:
        return "" if box.number == rollout.number else "has not come back from it"
    return box.state if rollout.number in {box.number, box.trial} else ""


def _too_many(rollout: Rollout, found: Progress, boxes: Mapping[str, Box]) -> str:
    answered = (found.have | found.fallen.keys()) & rollout.asked.keys()
    if not found.fallen:
        return ""
    share, usual = len(found.fallen) / len(answered), _usual(rollout, boxes)
    has_ring_answered = found.ring <= answered
    if share <= MAX_FALLEN_SHARE + usual or (len(found.fallen) < MIN_FALLEN and not has_ring_answered):
        return ""
    named = ", ".join(f"{name} ({why})" for name, why in sorted(found.fallen.items())[:5])
    return f"{len(found.fallen)} of {len(answered)} boxes fell: {named}"


def _usual(rollout: Rollout, boxes: Mapping[str, Box]) -> float:
    """Give the share of ill ones among the boxes that were not offered the release."""
    others = [box for name, box in boxes.items() if name not in rollout.asked and box.state != "never_seen"]
    return sum(box.is_ill for box in others) / len(others) if others else 0.0


def _is_whole(found: Progress, boxes: Mapping[str, Box]) -> bool:
    there = [name for name in found.ring if boxes[name].state not in GONE]
    have = [name for name in there if name in found.have or name in found.fallen]
    return bool(have) and len(have) >= ENOUGH_SHARE * len(there)
