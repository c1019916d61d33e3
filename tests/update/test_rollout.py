"""A release goes to the fleet in rings, and stops by itself when the boxes that took it fall."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.update.ring import first_ring, is_in_ring
from appliance.update.rollout import (
    ILL,
    ILL_AFTER_S,
    SOAK_S,
    Box,
    Rollout,
    asked,
    halted,
    looked,
    may_take,
    progress,
    resumed,
)

WELL = Box("ok", 3600.0, number=4)
NEW = 5


class Fleet:
    """Boxes that take what they are offered, and a clock that is moved by hand."""

    def __init__(self, count: int, **fields: Any) -> None:
        self.boxes = {f"desk-{number}": WELL for number in range(count)}
        self.rollout = Rollout(number=NEW, version="1.5.0", **fields)
        self.now_s = 0.0

    def take(self, **becomes: Any) -> list[str]:
        """Offer the release to all; those that may take it become so. Gives who took it just now."""
        taken = [name for name in self.boxes if may_take(self.rollout, name, self.boxes) and not self.has(name)]
        for name in taken:
            self.rollout = asked(self.rollout, name, self.boxes[name])
            self.become(name, **({"number": NEW} | becomes))
        return taken

    def has(self, name: str) -> bool:
        return self.boxes[name].number == NEW or name in self.rollout.asked

    def become(self, name: str, **fields: Any) -> None:
        self.boxes[name] = msgspec.structs.replace(self.boxes[name], **fields)

    def look(self, after_s: float = 0.0) -> str:
        self.now_s += after_s
        self.rollout = looked(self.rollout, self.boxes, self.now_s)
        return self.rollout.halted


def test_a_release_goes_to_one_per_cent_then_ten_then_all_and_soaks_in_between() -> None:
    fleet = Fleet(300)
    for expected in (3, 27, 270):
        assert len(fleet.take()) == expected
        assert fleet.look() == ""
        assert fleet.look(SOAK_S - 1) == ""
        assert fleet.take() == []
        fleet.look(1)
    assert fleet.rollout.done
    fleet.boxes["desk-new"] = WELL
    assert fleet.take() == ["desk-new"], "a box that comes later has it at once"


def test_two_of_ten_that_fall_halt_it_and_nobody_else_is_offered_it() -> None:
    fleet = Fleet(100, stages=(10.0, 100.0))
    ring = fleet.take()
    assert len(ring) == 10
    fleet.become(ring[3], failed=(NEW,), number=4)
    assert fleet.look() == "", "one may have a reason of its own"
    fleet.become(ring[7], state="deaf", lasts_s=ILL_AFTER_S)
    assert "2 of 10 boxes fell" in fleet.look(SOAK_S)
    assert "(went back from it)" in fleet.rollout.halted
    assert "(deaf)" in fleet.rollout.halted
    assert not any(may_take(fleet.rollout, name, fleet.boxes) for name in fleet.boxes)


def test_the_only_box_of_a_ring_halts_it() -> None:
    fleet = Fleet(20)
    (canary,) = fleet.take()
    fleet.become(canary, failed=(NEW,), number=4)
    assert "1 of 1 boxes fell" in fleet.look()


def test_the_first_boxes_may_be_chosen_by_name() -> None:
    fleet = Fleet(50, first=("desk-7", "desk-9", "desk-gone"))
    assert sorted(fleet.take()) == ["desk-7", "desk-9"]
    fleet = Fleet(50, first=("desk-gone",))
    assert fleet.take() == []
    assert fleet.look(SOAK_S) == ""
    assert fleet.rollout.stage == 0, "nobody has shown anything yet"


def test_a_ring_of_which_one_is_away_goes_on_without_it() -> None:
    fleet = Fleet(100, stages=(10.0, 100.0))
    away = min(progress(fleet.rollout, fleet.boxes).ring)
    fleet.become(away, state="offline", lasts_s=9e9)
    for name in fleet.boxes:
        if name != away and may_take(fleet.rollout, name, fleet.boxes):
            fleet.rollout = asked(fleet.rollout, name, fleet.boxes[name])
            fleet.become(name, number=NEW)
    assert fleet.look() == fleet.look(SOAK_S) == ""
    assert fleet.rollout.stage == 1


def test_boxes_that_do_not_come_back_from_it_have_fallen() -> None:
    fleet = Fleet(100, stages=(10.0, 100.0))
    ring = fleet.take(number=4)
    for name in ring[:2]:
        fleet.become(name, state="offline", lasts_s=ILL_AFTER_S)
    assert "(has not come back from it)" in fleet.look()


def test_an_office_that_is_switched_off_at_night_halts_nothing() -> None:
    fleet = Fleet(100, stages=(10.0, 100.0))
    fleet.take()
    for name in fleet.boxes:
        fleet.become(name, state="offline", lasts_s=9e4)
    assert fleet.look(9e4) == ""


def test_what_happens_to_all_boxes_alike_is_not_the_releases_doing() -> None:
    fleet = Fleet(100, stages=(10.0, 100.0))
    ring = set(fleet.take())
    for number, name in enumerate(sorted(fleet.boxes, key=lambda name: name not in ring)):
        if number % 3 == 0:
            fleet.become(name, state="hot", lasts_s=9e4)
    assert fleet.look() == ""


def test_a_box_that_was_ill_before_or_is_so_for_a_moment_has_not_fallen() -> None:
    fleet = Fleet(100, stages=(10.0, 100.0))
    ring = sorted(progress(fleet.rollout, fleet.boxes).ring)
    for name in ring[:3]:
        fleet.become(name, state="slow")
    fleet.take()
    for name in ring[3:]:
        fleet.become(name, state="deaf", lasts_s=ILL_AFTER_S - 1)
    assert fleet.look() == ""


def test_a_person_lets_it_go_on_and_what_was_looked_at_does_not_halt_it_again() -> None:
    fleet = Fleet(100, stages=(10.0, 100.0))
    ring = fleet.take()
    for name in ring[:2]:
        fleet.become(name, failed=(NEW,), number=4)
    assert fleet.look()
    fleet.rollout = resumed(fleet.rollout, fleet.boxes)
    assert fleet.look() == ""
    for name in ring[2:4]:
        fleet.become(name, failed=(NEW,), number=4)
    assert "2 of 8 boxes fell" in fleet.look()


def test_a_person_halts_it_and_no_look_changes_that() -> None:
    fleet = Fleet(10)
    fleet.rollout = halted(fleet.rollout, "by hand")
    assert fleet.look(9e9) == "by hand"
    assert fleet.take() == []


@pytest.mark.parametrize("count", [1, 2, 9, 300])
def test_a_ring_holds_at_least_one_box_and_every_wider_one_holds_it(count: int) -> None:
    devices = {f"desk-{number}" for number in range(count)}
    rings = [first_ring(devices, NEW, percent) for percent in (1.0, 10.0, 100.0)]
    assert rings[0]
    assert rings[0] <= rings[1] <= rings[2] == devices
    assert all(is_in_ring(name, NEW, 100.0) for name in devices)


boxes = st.builds(
    Box,
    state=st.sampled_from(["ok", "muted", *sorted(ILL)]),
    lasts_s=st.floats(0, 1e6),
    number=st.sampled_from([4, NEW]),
    trial=st.sampled_from([None, NEW]),
    failed=st.sampled_from([(), (NEW,)]),
)


@settings(max_examples=40)
@given(st.lists(st.dictionaries(st.sampled_from("abcdefghijkl"), boxes, min_size=1), min_size=1, max_size=8))
def test_whatever_happens_rings_only_widen_and_a_halt_stays(looks: list[dict[str, Box]]) -> None:
    rollout = Rollout(number=NEW, version="1", soak_s=10.0)
    for now_s, fleet in enumerate(looks):
        for name, box in fleet.items():
            if may_take(rollout, name, fleet):
                rollout = asked(rollout, name, box)
        after = looked(rollout, fleet, now_s * 20.0)
        assert after.stage in {rollout.stage, rollout.stage + 1}
        assert after.asked == rollout.asked
        if rollout.halted:
            assert after == rollout
        if after.halted:
            assert not any(may_take(after, name, fleet) for name in fleet)
        rollout = after
