"""A device tells the real server how it is, and who asks the server is told."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.central.access import people
from appliance.central.access.store import open_access
from appliance.central.access.viewer import sign_in_viewer
from appliance.central.sign_in import COOKIE
from appliance.delivery import messages
from tests.central.conftest import Start
from tests.central.rig import Central, eventually

from .boxes import said

QUICK = 0.05


async def box(central: Central, device: str = "desk-1", **headers: str) -> dict[str, Any]:
    answer = await central.get("/api/fleet", **headers)
    return next((each for each in answer["boxes"] if each["device"] == device), {})


def test_what_a_device_tells_of_itself_is_shown_and_outlasts_a_restart(start: Start) -> None:
    async def run() -> None:
        async with start(look_every_s=QUICK) as central:
            assert (await eventually(lambda: box(central)))["state"] == "never_seen"
            async with central.device() as device:
                await device.send(said("hot", why="80 °C inside", temperature_c=80.0))
                shown = await eventually(lambda: in_state(central, "hot"))
                assert (shown["why"], shown["health"]["temperature_c"]) == ("80 °C inside", 80.0)
                assert shown["certificate_ends_at"] is None
        async with start(look_every_s=QUICK) as central:
            shown = await eventually(lambda: in_state(central, "hot"))
            assert not shown["online"]
            assert shown["health"]["program"] == {"version": "1.4.0", "number": 3, "trial": None, "failed": []}

    async def in_state(central: Central, state: str) -> dict[str, Any]:
        found = await box(central)
        return found if found.get("state") == state else {}

    asyncio.run(run())


def test_each_sees_the_boxes_that_are_theirs(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with start(look_every_s=QUICK) as central:
            await eventually(lambda: box(central))
            with closing(open_access(tmp_path / "access")) as access:
                for name, role in (("ada", "administrator"), ("sue", "supervisor"), ("otto", "auditor")):
                    people.add_person(access, name, [role], ["billing"])

                async def seen(name: str) -> Any:
                    cookie = f"{COOKIE}={sign_in_viewer(tmp_path / 'access', name).session}"
                    answer = await central.get("/api/fleet", Cookie=cookie)
                    return [each["device"] for each in answer["boxes"]] if "boxes" in answer else answer["error"]

                assert await seen("ada") == ["desk-1"]
                assert await seen("sue") == []
                assert "for administrators" in await seen("otto")
                people.set_team(access, "desk-1", "billing")
                assert await seen("sue") == ["desk-1"]

    asyncio.run(run())


@pytest.mark.parametrize(
    "broken",
    [
        {"conditions": []},
        {"conditions": [{"name": "x" * 65, "why": ""}]},
        {"conditions": [{"name": "ok", "why": "x" * 301}]},
        {"uptime_s": -1},
        {"level_dbfs": {str(number): 0.0 for number in range(9)}},
    ],
)
def test_a_health_beyond_its_limits_is_no_message(broken: dict[str, Any]) -> None:
    good = msgspec.json.decode(messages.encode(said()))
    assert messages.decode_from_device(msgspec.json.encode(good)) == said()
    with pytest.raises(msgspec.ValidationError):
        messages.decode_from_device(msgspec.json.encode(good | broken))
