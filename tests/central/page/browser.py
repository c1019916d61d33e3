"""A real browser on the supervisor's page, and what a device sends to be seen there."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright, expect

from appliance.central.sign_in import COOKIE
from tests.central.rig import Central, FakeDevice

CHROMIUM = next(
    (path for path in (Path("/usr/bin/chromium"), Path("/usr/bin/chromium-browser")) if path.exists()), None
)

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip

CALL = "#/calls/desk-1/c1"


@contextlib.asynccontextmanager
async def page_on(central: Central, where: str = "#/", *, forgive: str = "", **context: Any) -> AsyncIterator[Page]:
    """Open the page; at the end its console must hold no error but those that match `forgive`."""
    errors: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        opened = await browser.new_context(**context)
        cookie = {
            "name": COOKIE,
            "value": central.session,
            "url": f"https://127.0.0.1:{central.port}/",
            "secure": True,
        }
        await opened.add_cookies([cookie])  # type: ignore[list-item] # a dictionary of the right kind
        page = await opened.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if line.type in {"error", "warning"} else None)
        await page.goto(f"http://127.0.0.1:{central.port}/{where}")
        await expect(page.locator("#link-text")).to_have_text("Live")
        yield page
        await browser.close()
    assert [error for error in errors if not (forgive and re.search(forgive, error))] == []


@contextlib.asynccontextmanager
async def reading(device: FakeDevice) -> AsyncIterator[None]:
    """Answer the server's pings meanwhile."""

    async def read_on() -> None:
        while True:
            await device.read()

    task = asyncio.create_task(read_on())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def send(device: FakeDevice, *events: Any, first: int = 1, call: str = "c1") -> None:
    for seq, event in enumerate(events, first):
        await device.send_event(seq, event, call)


async def urgent(device: FakeDevice, *, blinking: bool) -> None:
    await device.status("c1", level="urgent", blinking=blinking, reason="Asks for supervisor", alert=3)
