"""What people have a box do from the page, and what they are told of it."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import websockets
from playwright.async_api import Page, expect

from appliance.central.sign_in import COOKIE
from appliance.delivery import messages
from tests.central.conftest import Start
from tests.central.rig import FakeDevice
from tests.central.script import dispute
from tests.central.test_sign_in import viewer

from .browser import CALL, page_on, send
from .test_page_for_everyone import FAINT, NAMELESS


async def obey(device: FakeDevice, **result: Any) -> messages.Command:
    command: messages.Command = await device.read_until(messages.Command)
    await device.send(messages.Result(id=command.id, **({"ok": True} | result)))
    return command


async def tab_to(page: Page, name: str) -> None:
    """Go on with the keyboard until the button or field of this name has the focus."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        told = "node => (node.labels?.[0]?.textContent ?? node.getAttribute('aria-label') ?? node.textContent).trim()"
        if await page.evaluate(f"({told})(document.activeElement)") == name:
            return
    raise AssertionError(f"{name} cannot be reached")


def test_a_supervisor_helps_the_agent_by_keyboard_and_sees_what_became_of_it(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await device.status("c1")
            await send(device, *dispute())
            async with page_on(central, CALL, forgive="422") as page:
                await tab_to(page, "Text for the agent")
                await page.keyboard.type("Offer a refund")
                await page.keyboard.press("Enter")
                command = await obey(device)
                wanted = {"call": "c1", "text": "Offer a refund", "tone": "calm"}
                assert (command.name, command.arguments) == ("guidance", wanted)
                await expect(page.get_by_role("status").filter(has_text="The agent is shown: Offer")).to_be_visible()
                await expect(page.get_by_label("Text for the agent")).to_be_focused()
                await expect(page.get_by_label("Text for the agent")).to_have_value("")
                await tab_to(page, "I have joined")
                await page.keyboard.press("Enter")
                command = await obey(device)
                assert command.arguments == {"call": "c1", "action": "joined", "name": "viewer"}
                await tab_to(page, "Show me the box")
                await page.keyboard.press("Enter")
                await obey(device, ok=False, error="this call is over")
                await expect(page.get_by_role("alert").filter(has_text="The box did not do it")).to_contain_text("over")
                assert await page.evaluate(NAMELESS) == []
                assert await page.evaluate(FAINT) == []
                await device.status(None)
                await expect(page.get_by_label("Help the agent")).to_be_hidden()

    asyncio.run(run())


def test_nobody_joins_in_the_name_of_another(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            obeying = asyncio.create_task(obey(device))
            asked = {"action": "joined", "name": "the managing director"}
            assert (await central.ask("/api/calls/desk-1/c1/supervisor", asked))[0] == 200
            assert (await obeying).arguments["name"] == "viewer"

    asyncio.run(run())


def test_an_administrator_finds_a_box_and_dims_it_and_a_supervisor_does_not_dim(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with start(look_every_s=0.1) as central, central.device() as device:
            await device.status(None)
            with contextlib.suppress(websockets.InvalidStatus):
                async with central.socket("undertone_nobody"):
                    pass
            async with page_on(central, "#/fleet") as page:
                knocks = page.get_by_label("Not let in")
                await expect(knocks).to_contain_text("A stranger from 127.0.0.1: unknown token")
                await page.get_by_role("button", name="Identify desk-1").click()
                assert (await obey(device)).name == "identify"
                await expect(page.get_by_role("status").filter(has_text="desk-1 blinks")).to_be_visible()
                await page.get_by_label("Brightness of desk-1").select_option("30 %")
                assert (await obey(device)).arguments == {"brightness": 0.3}
                await expect(page.get_by_role("status").filter(has_text="shines at 30 %")).to_be_visible()
                held = viewer(tmp_path / "access", "lee", "supervisor")
                cookie = held["Cookie"].partition("=")[2]
                url = f"https://127.0.0.1:{central.port}/"
                await page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": url, "secure": True}])
                await page.reload()
                await expect(page.get_by_role("button", name="Identify desk-1")).to_be_visible()
                await expect(page.get_by_label("Brightness of desk-1")).to_be_hidden()
                await expect(knocks).to_be_hidden()
                assert (await central.ask("/api/refusals", **held))[0] == 403
                assert (await central.ask("/api/devices/desk-1/config", {"brightness": 0.3}, **held))[0] == 403

    asyncio.run(run())
