"""What becomes of a release on this box, as one value that is kept and the steps that change it.

    offered ── judged ──► staged ── begun ──► started ── confirmed ──► good
                                                 └────── begun again ──► failed: the good one runs on

A trial gets one start. `begun` is called before every start of the device: a trial that was started and not confirmed
until the next start has failed, whatever the reason (a crash, a hang, a cut of the power).
"""

from typing import Annotated, Literal

import msgspec

from appliance.update.manifest import Keys, Release
from appliance.update.ring import is_in_ring

PACKAGED = 0
"""The number of the program that the box came with: it lies elsewhere, and no update removes it."""

Number = Annotated[int, msgspec.Meta(ge=PACKAGED)]

Verdict = Literal["take", "already_here", "older", "failed_before", "trial_open", "not_my_ring"]


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A release that has still to show that it works."""

    number: Number
    version: str
    is_started: bool = False
    keys: Keys = {}


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must last. `keys` are trusted, where there are any, instead of those that the box came with."""

    good: Number = PACKAGED
    version: str = ""
    trial: Trial | None = None
    failed: tuple[Number, ...] = ()
    keys: Keys = {}

    @property
    def running(self) -> int:
        """The release that the device has to run from."""
        return self.trial.number if self.trial and self.trial.is_started else self.good

    @property
    def kept(self) -> set[int]:
        """The releases that must stay on the disk."""
        return {self.good} | ({self.trial.number} if self.trial else set())


def judged(state: State, release: Release, device: str) -> Verdict:
    """Say whether the box takes a release, and why not."""
    if release.number == state.good:
        return "already_here"
    if release.number < state.good:
        return "older"
    if release.number in state.failed:
        return "failed_before"
    if state.trial:
        return "trial_open"
    return "take" if is_in_ring(device, release.number, release.ring_percent) else "not_my_ring"


def staged(state: State, release: Release) -> State:
    """Put a release that was judged "take", and lies whole on the disk, on trial at the next start."""
    trial = Trial(release.number, release.version, keys=release.keys)
    return msgspec.structs.replace(state, trial=trial)


def begun(state: State) -> State:
    """Go to the next start of the device."""
    trial = state.trial
    if trial is None:
        return state
    if trial.is_started:
        return msgspec.structs.replace(state, trial=None, failed=(*state.failed, trial.number))
    return msgspec.structs.replace(state, trial=msgspec.structs.replace(trial, is_started=True))


def confirmed(state: State) -> State:
    """Take the trial that was started as good; without one nothing changes."""
    trial = state.trial
    if trial is None or not trial.is_started:
        return state
    later = tuple(number for number in state.failed if number > trial.number)
    return State(trial.number, trial.version, None, later, trial.keys or state.keys)
