"""What people and other programs ask of a call through the server: seen, put off, and what is known of the caller."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from appliance.delivery import messages
from appliance.delivery.policy import ServerTiming
from appliance.event_json import to_builtins

from .conftest import Start
from .page.browser import CALL, CHROMIUM, page_on, send, urgent
from .rig import FakeDevice, central_in
from .script import dispute, started

OF_CALL = "/api/calls/desk-1/c1"


async def obey(device: FakeDevice, **result: Any) -> messages.Command:
    command: messages.Command = await device.read_until(messages.Command)
    await device.send(messages.Result(id=command.id, **result))
    return command


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("snooze", {"alert": 3}),
        ("context", {"tier": "gold", "queued_s": 320.0}),
        ("context", {"queued_s": 5.0}),
        ("pause", {"limit_s": 90.0}),
        ("pause", {}),
        ("resume", {}),
    ],
)
def test_a_command_reaches_the_device_and_its_result_the_one_who_asked(
    start: Start, what: str, body: dict[str, Any]
) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            obeying = asyncio.create_task(obey(device, ok=True))
            status, _, answer = await central.ask(f"{OF_CALL}/{what}", body)
            assert (status, json.loads(answer)) == (200, {"ok": True})
            command = await obeying
            assert (command.name, command.arguments) == (what, {"call": "c1"} | body)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("what", "body", "error"),
    [
        ("snooze", {"alert": 0}, "alert"),
        ("snooze", {}, "alert"),
        ("context", {"tier": 3}, "tier"),
        ("context", {"teir": "gold"}, "teir"),
        ("pause", {"limit_s": 601}, "limit_s"),
        ("resume", {"muted": False}, "muted"),
        ("context", {"tier": "x" * 101}, "tier"),
        ("context", {"queued_s": -1}, "queued_s"),
        ("context", [], "object"),
    ],
)
def test_a_body_of_the_wrong_kind_is_refused_before_the_device_hears_of_it(
    start: Start, what: str, body: Any, error: str
) -> None:
    async def run() -> None:
        async with start() as central, central.device():
            status, _, answer = await central.ask(f"{OF_CALL}/{what}", body)
            assert status == 400
            assert error in json.loads(answer)["error"]

    asyncio.run(run())


def test_what_the_device_refuses_is_told_with_its_reason(start: Start) -> None:
    async def run() -> None:
        async with start() as central:
            assert (await central.ask(f"{OF_CALL}/context", {"tier": "gold"}))[0] == 409
            async with central.device() as device:
                obeying = asyncio.create_task(obey(device, ok=False, error="this call is over"))
                status, _, answer = await central.ask(f"{OF_CALL}/context", {"tier": "gold"})
                assert (status, json.loads(answer)) == (422, {"error": "this call is over"})
                await obeying

    asyncio.run(run())


@pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt-get install chromium")
def test_the_second_button_puts_an_alert_off_where_its_rule_allows_it(tmp_path: Path) -> None:
    async def run() -> None:
        async with central_in(tmp_path, timing=ServerTiming()) as central, central.device() as device:
            await urgent(device, blinking=True)
            allowed = [to_builtins(event) for event in dispute()]
            (alert,) = (event for event in allowed if event["type"] == "alert" and event["alert"] == 3)
            alert["snooze_s"] = 300.0
            await send(device, *allowed)
            async with page_on(central, CALL) as page:
                await page.get_by_role("button", name="Remind me in 5 min").click()
                command = await obey(device, ok=True)
                assert (command.name, command.arguments) == ("snooze", {"call": "c1", "alert": 3})
                await device.status("c1")
                await expect(page.locator(".lamp")).to_contain_text("Calm")
                await expect(page.get_by_role("button", name="Remind me")).to_have_count(0)

    asyncio.run(run())


@pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt-get install chromium")
def test_there_is_no_second_button_where_the_rule_allows_no_snooze(tmp_path: Path) -> None:
    async def run() -> None:
        async with central_in(tmp_path, timing=ServerTiming()) as central, central.device() as device:
            await urgent(device, blinking=True)
            await send(device, started(), *dispute()[1:])
            async with page_on(central, CALL) as page:
                await expect(page.get_by_role("button", name="I have seen it")).to_be_visible()
                await expect(page.get_by_role("button", name="Remind me")).to_have_count(0)

    asyncio.run(run())
