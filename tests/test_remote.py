"""What the server asks of a device, over the wire, of the real program's parts."""

import asyncio
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest

from appliance.adapters.identifying import Identifying
from appliance.delivery.messages import Command, Result
from appliance.delivery.orders import ORDERS
from appliance.device_state import DeviceState
from appliance.escalation.rules import RulePack
from appliance.indicator.patterns import pattern
from appliance.remote import CAPABILITIES, Remote

PACK = (resources.files("appliance") / "rules" / "en.toml").read_text()


class Desk:
    """A device between calls: its commands, its light, and the packs that it took."""

    def __init__(self) -> None:
        self.state = DeviceState(has_model=True)
        self.packs: list[RulePack] = []
        self.lights: list[str] = []
        board: Any = type("Board", (), {"calls": {}, "prepared": type("Prepared", (), {"language": "en"})()})()
        self.identifying = Identifying(self.refresh)
        self.remote = Remote(board, self.state, self.refresh, self.packs.append, self.identifying)

    def refresh(self) -> None:
        self.state.identifying = self.identifying.is_on
        self.lights.append(pattern(self.state.light()).text)


def ask(name: str, **arguments: Any) -> tuple[Result, Desk]:
    desk = Desk()
    return asyncio.run(desk.remote.do(Command(id="1", name=name, arguments=arguments))), desk


def test_every_command_of_the_protocol_is_known_or_said_to_be_missing() -> None:
    assert set(CAPABILITIES) == set(ORDERS) - {"update"}
    assert ask("update", version="2")[0].code == "not_available"


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("dance", {}, "unknown_command"),
        ("guidance", {"call": "gone", "text": "x"}, "no_such_call"),
        ("identify", {"show_s": 1e9}, "bad_arguments"),
        ("config", {"brightness": 0.5, "volume": 11}, "bad_arguments"),
        ("config", {"brightness": 7}, "bad_arguments"),
        ("rules", {"pack": "nonsense", "version": "1"}, "refused"),
        ("rules", {"pack": PACK, "version": "no such"}, "refused"),
        ("rules", {"pack": PACK.replace('language = "en"', 'language = "ko"'), "version": "x"}, "refused"),
        ("rules", {"pack": "", "version": "1"}, "bad_arguments"),
    ],
)
def test_what_cannot_be_done_changes_nothing_and_says_why(name: str, arguments: dict[str, Any], code: str) -> None:
    result, desk = ask(name, **arguments)
    assert (result.ok, result.code) == (False, code)
    assert result.error
    assert (desk.packs, desk.lights, desk.remote.partials, desk.remote.brightness) == ([], [], True, 1.0)


def test_the_light_says_which_box_it_is_and_stops() -> None:
    async def run() -> list[str]:
        desk = Desk()
        assert (await desk.remote.do(Command(id="1", name="identify", arguments={"show_s": 1}))).ok
        await until(lambda: len(desk.lights) == 2)
        return desk.lights

    first, second = asyncio.run(run())
    assert first.startswith("This is the box")
    assert not second.startswith("This is the box")


def test_a_pack_of_the_server_is_taken_and_its_version_told() -> None:
    version = next(line.split('"')[1] for line in PACK.splitlines() if line.startswith("version"))
    result, desk = ask("rules", pack=PACK, version=version)
    assert result.ok, result.error
    assert [pack.version for pack in desk.packs] == [version]
    assert result.details["rules"].endswith(version)


def test_settings_within_their_bounds_are_changed_and_the_others_stay() -> None:
    result, desk = ask("config", partials=False, brightness=0.4)
    assert result.ok
    assert (desk.remote.partials, desk.remote.brightness) == (False, 0.4)
    assert result.details["brightness"] == 0.4


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for is a timer of the loop
            await asyncio.sleep(0.02)


def test_guidance_stands_before_the_words_of_the_light() -> None:
    state = DeviceState(has_model=True)
    state.guidance = "Offer a call back"
    assert pattern(state.light()).text == "Offer a call back · Ready"
