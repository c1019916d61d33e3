"""The supervisor's page for those who use a keyboard or a screen reader, see little, or want less motion."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from appliance.delivery import messages
from tests.central.conftest import Start
from tests.central.script import dispute, measured, spoken

from .browser import CALL, page_on, reading, send, urgent


def test_everything_can_be_done_with_the_keyboard(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await urgent(device, blinking=True)
            await send(device, *dispute())
            async with page_on(central) as page:
                await page.keyboard.press("Tab")
                await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
                await page.keyboard.press("Enter")
                await page.keyboard.press("Tab")
                await expect(page.get_by_role("link", name="desk-1")).to_be_focused()
                await page.keyboard.press("Enter")
                await expect(page.get_by_role("heading", level=1)).to_be_focused()
                await expect(page.get_by_role("heading", level=1)).to_have_text("Call on desk-1")
                button = page.get_by_role("button", name="I have seen it")
                await expect(button).to_be_visible()
                for _ in range(8):
                    await page.keyboard.press("Tab")
                    if await button.evaluate("node => node === document.activeElement"):
                        break
                await expect(button).to_be_focused()
                await page.keyboard.press("Enter")
                assert (await device.read_until(messages.Command)).arguments["alert"] == 3

    asyncio.run(run())


def test_a_new_alert_is_said_aloud_wherever_one_reads(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device, page_on(central, "#/calls") as page:
            await send(device, *dispute())
            await expect(page.locator("[aria-live=assertive]")).to_have_text(
                "Urgent on desk-1: Asks for supervisor, at 1:02"
            )
            await expect(page.locator("[aria-live=polite]")).to_have_text("Attention on desk-1: Long wait, at 0:54")

    asyncio.run(run())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [360, 1280])
def test_names_contrast_and_width_are_right_on_every_view(start: Start, scheme: Any, width_px: int) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device, reading(device):
            await device.status("c1", level="urgent", blinking=True, reason="r", alert=3, faults=("line_deaf",))
            await send(device, *dispute(), *measured(), spoken("a-very-long-word" * 12, 9, "agent", 70, 71))
            view = {"width": width_px, "height": 800}
            async with page_on(central, viewport=view, color_scheme=scheme) as page:
                for where in ("#/", CALL, "#/calls"):
                    await page.evaluate("where => { location.hash = where }", where)
                    await expect(page.locator("main")).to_contain_text("desk-1")
                    await expect(page.locator("main")).not_to_contain_text("Reading…")
                    assert await page.evaluate(NAMELESS) == []
                    assert await page.evaluate(FAINT) == []
                    wide = await page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
                    assert wide <= 0, f"{where} is {wide} px too wide"

    asyncio.run(run())


def test_nothing_blinks_for_people_who_asked_for_less_motion(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await urgent(device, blinking=True)
            for motion, animation in (("reduce", "none"), ("no-preference", "blink")):
                async with page_on(central, reduced_motion=motion) as page:
                    bulb = page.locator(".bulb")
                    await expect(bulb).to_have_css("animation-name", animation)
                    await expect(page.locator(".lamp")).to_contain_text("blinking")

    asyncio.run(run())


NAMELESS = """() => [...document.querySelectorAll("a, button, select, [role=region], section, aside, nav")]
  .filter((node) => !(node.textContent.trim() && /^(A|BUTTON)$/.test(node.tagName))
    && !node.getAttribute("aria-label") && !node.labels?.length)
  .map((node) => node.outerHTML)"""
"""What a screen reader could not name."""

FAINT = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const read = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [red, green, blue] = colour.map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = read(getComputedStyle(node).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    if (node.closest("noscript, .unseen, option")) continue;
    const [one, other] = [light(read(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${node.className}: ${walker.currentNode.data}`);
  }
  return faint;
}"""
"""Texts whose contrast is below 4.5 to 1 (WCAG 2.2, 1.4.3)."""
