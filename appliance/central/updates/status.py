"""How far a release is, for people and for programs."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from appliance.update.rollout import Box, Rollout, progress

State = Literal["on its way", "halted", "done", "replaced"]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """One release: its ring in per cent, how many boxes that is, how many have it, and which fell and why.

    `replaced`: a newer release came before all had this one. `why` tells of a halt.
    """

    number: int
    version: str
    state: State
    why: str
    ring_percent: float
    ring: int
    have: int
    fallen: dict[str, str]


def statuses(rollouts: Sequence[Rollout], boxes: Mapping[str, Box]) -> list[Status]:
    """Give how far each release is; the newest comes first."""
    return [_status(rollout, boxes, is_newest=at == 0) for at, rollout in enumerate(rollouts)]


def _status(rollout: Rollout, boxes: Mapping[str, Box], *, is_newest: bool) -> Status:
    found = progress(rollout, boxes)
    state: State = "halted" if rollout.halted else "on its way" if is_newest else "replaced"
    return Status(
        number=rollout.number,
        version=rollout.version,
        state="done" if rollout.done else state,
        why=rollout.halted,
        ring_percent=rollout.stages[rollout.stage],
        ring=len(found.ring),
        have=len(found.have),
        fallen=found.fallen,
    )


def in_words(status: Status) -> str:
    """Say it in a line or two."""
    fallen = "".join(f"\n  {name}: {why}" for name, why in sorted(status.fallen.items()))
    why = f": {status.why}" if status.why else ""
    return (
        f"release {status.number} ({status.version}) is {status.state}{why}; ring of {status.ring_percent:g} %,"
        f" {status.ring} boxes; {status.have} have it, {len(status.fallen)} fell{fallen}"
    )
