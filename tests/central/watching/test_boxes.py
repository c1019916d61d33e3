"""The fleet from look to look: states that last, what is news, what outlasts a restart of the server."""

import json
from datetime import datetime, timedelta

import msgspec

from appliance.central.bus import DeviceState, Light
from appliance.central.watching.boxes import HOLD, Boxes
from appliance.central.watching.judge import OFFLINE_AFTER, Known

from .boxes import NOW, said

KNOWN = {"desk-1": Known(NOW - timedelta(days=9), "10000000a1", "billing")}
LIGHT = Light("normal", blinking=False, reason="", alert=None)


class Fleet:
    """One box, and a server whose time is moved by hand."""

    def __init__(self) -> None:
        self.device = DeviceState(device="desk-1", online=True, last_seen="2026-03-02T09:00:00.000Z", light=LIGHT)
        self.now = NOW
        self.start([])

    def start(self, rows: list[object]) -> None:
        self.boxes = Boxes(lambda: [self.device], rows, self.now)  # type: ignore[arg-type] # rows of the store

    def look(self, after: timedelta = timedelta()) -> list[str]:
        self.now += after
        return [f"{each.before} → {each.state}" for each in self.boxes.look(KNOWN, self.now)]

    def say(self, *names: str, **fields: object) -> None:
        self.boxes.receive("desk-1", said(*names, **fields), self.now)  # type: ignore[arg-type] # of any kind

    def state(self) -> str:
        return self.boxes.all()[0].state


def test_a_state_that_lasts_is_told_once_and_so_is_its_end() -> None:
    fleet = Fleet()
    fleet.say("hot")
    assert fleet.look() == []
    assert fleet.state() == "hot", "the page shows it at once"
    assert fleet.look(HOLD) == ["ok → hot"]
    assert fleet.look(HOLD) == []
    fleet.say()
    assert fleet.look() == []
    assert fleet.look(HOLD) == ["hot → ok"]


def test_what_comes_and_goes_is_told_to_nobody() -> None:
    fleet = Fleet()
    for names in (("deaf",), (), ("deaf",), ()):
        fleet.say(*names)
        assert fleet.look(HOLD / 2) == []
    assert fleet.look(HOLD) == []


def test_a_box_that_is_gone_is_told_when_it_may_be_said() -> None:
    fleet = Fleet()
    fleet.say()
    fleet.look()
    fleet.device.online = False
    assert fleet.look(OFFLINE_AFTER) == []
    assert fleet.look(HOLD) == ["ok → offline"]


def test_a_claimed_box_that_never_came_is_on_the_list_and_no_news_until_it_comes() -> None:
    boxes = Boxes(list, [], NOW)
    assert boxes.look(KNOWN, NOW) == boxes.look(KNOWN, NOW + timedelta(days=1)) == []
    assert [(box.state, box.serial, box.team) for box in boxes.all()] == [("never_seen", "10000000a1", "billing")]


def test_a_restart_of_the_server_neither_repeats_nor_forgets_what_is_to_be_told() -> None:
    fleet = Fleet()
    fleet.say("hot")
    fleet.look()
    rows, gone = fleet.boxes.to_keep()
    assert not gone
    fleet.start(list(rows))
    assert fleet.look(HOLD) == ["ok → hot"]
    fleet.start(list(fleet.boxes.to_keep()[0]))
    assert fleet.look(HOLD) == []


def test_what_has_not_changed_is_not_written_again() -> None:
    fleet = Fleet()
    fleet.say()
    fleet.look()
    assert len(fleet.boxes.to_keep()[0]) == 1
    fleet.look(HOLD)
    assert fleet.boxes.to_keep() == ([], [])


def test_a_mute_lasts_through_restarts_of_the_box_and_of_the_server() -> None:
    fleet = Fleet()
    fleet.device.light = msgspec.structs.replace(LIGHT, muted=True)
    fleet.say()
    fleet.look()
    fleet.device.light = None  # the box has started again and has not shown its light yet
    fleet.look(timedelta(hours=1))
    fleet.start(list(fleet.boxes.to_keep()[0]))
    fleet.device.light = msgspec.structs.replace(LIGHT, muted=True)
    fleet.say()
    fleet.look(timedelta(hours=1.5))
    fleet.say()
    fleet.look()
    assert fleet.state() == "muted"
    fleet.device.light = LIGHT
    fleet.look()
    assert fleet.state() == "ok"


def test_a_box_that_was_shut_out_is_forgotten() -> None:
    fleet = Fleet()
    fleet.say()
    fleet.look()
    fleet.device.online = False
    fleet.boxes.look({}, fleet.now)
    assert fleet.boxes.all() == []
    assert fleet.boxes.to_keep() == ([], ["desk-1"])


def test_a_box_is_shown_with_all_that_it_told() -> None:
    fleet = Fleet()
    fleet.say("hot", temperature_c=79.5, level_dbfs={"agent": -21.5}, words_per_min=120.0)
    fleet.look()
    shown = json.loads(msgspec.json.encode(fleet.boxes.all()[0]))
    assert (shown["version"], shown["health"]["program"]["number"]) == ("1.4.0", 3)
    assert shown["health"]["level_dbfs"] == {"agent": -21.5}
    assert datetime.fromisoformat(shown["told_at"]) == NOW
