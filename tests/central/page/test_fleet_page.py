"""The page of the fleet in a real browser: what is shown, found, sorted, and by whom."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from playwright.async_api import Page, expect

from appliance.central import credentials
from appliance.central.access.viewer import sign_in_viewer
from appliance.central.clock import as_text, utc_now
from appliance.central.sign_in import COOKIE
from appliance.central.store import Contact, open_database, save
from appliance.central.watching.store import BoxRow, keep_boxes, open_fleet
from appliance.delivery.health import HealthMessage
from appliance.update.rollout import Rollout
from tests.central.conftest import Start
from tests.central.rig import hello
from tests.central.watching.boxes import said

from .browser import page_on
from .test_page_for_everyone import FAINT, NAMELESS

BOXES: dict[str, HealthMessage | None] = {
    "desk-2": said("hot", "clock", why="82 °C inside", temperature_c=82.4, throttled=True),
    "desk-10": said(temperature_c=51.0, throttled=False, waiting_events=7, words_per_min=131.0, number=4),
    "desk-11": said("haunted", why="A name of tomorrow", level_dbfs={"agent": -23.4, "caller": -31.0}),
    "desk-12": None,
}


def prepare(folder: Path) -> None:
    """Put the boxes into the server's files, as if they had told this a moment ago."""
    at = as_text(datetime.now(UTC) - timedelta(seconds=20))
    rows, contacts = [], []
    for device, health in BOXES.items():
        credentials.add_device(folder / "credentials.json", device)
        if health:
            contacts.append(Contact(device, at, hello(device)))
        told = msgspec.json.encode(health).decode() if health else None
        rows.append(BoxRow(device, at if health else None, told, "ok", "", at, "ok", None))
    with closing(open_database(folder / "central.sqlite")) as database:
        save(database, contacts, utc_now)
    rollout = Rollout(number=4, version="1.4.0", halted="2 of 2 boxes fell: desk-2 (deaf)")
    with closing(open_fleet(folder / "access")) as database:
        keep_boxes(database, rows)
        database.execute("INSERT INTO rollouts VALUES (4,?,?)", (at, msgspec.json.encode(rollout).decode()))


@contextlib.asynccontextmanager
async def fleet_page(start: Start, folder: Path) -> AsyncIterator[Page]:
    async with start(look_every_s=0.1) as central:  # desk-1 comes with it, and never came
        prepare(folder)
    async with start(look_every_s=0.1) as central, page_on(central, "#/fleet") as page:
        await expect(page.locator("tbody tr")).to_have_count(5)
        yield page


async def names(page: Page) -> list[str]:
    return [text.strip() for text in await page.locator("tbody th").all_inner_texts()]


def test_boxes_are_found_by_the_keyboard_read_by_everybody_and_led_to_by_administrators(
    start: Start, tmp_path: Path
) -> None:
    async def run() -> None:
        session = sign_in_viewer(tmp_path / "access", "ada", ["administrator"]).session
        async with fleet_page(start, tmp_path) as page:
            await is_readable(page)
            await is_found_and_sorted(page)
            await page.context.add_cookies(
                [{"name": COOKIE, "value": session, "url": page.url.replace("http:", "https:"), "secure": True}]
            )
            await page.goto(page.url.partition("#")[0] + "#/")
            await page.reload()
            await expect(page.locator("[data-nav=fleet]")).to_have_attribute("aria-current", "page")
            await expect(page.locator("[data-nav=audit]")).to_be_hidden()

    asyncio.run(run())


async def is_found_and_sorted(page: Page) -> None:
    row = page.locator("tr[data-key=desk-2]")
    await expect(row.locator(".tag")).to_have_text("Hot")
    await expect(row.locator("li")).to_have_text(["82 °C inside", "82 °C inside"])
    await expect(page.locator("tr[data-key=desk-11] .tag")).to_have_text("haunted")
    await page.get_by_label("Find").focus()
    await page.keyboard.type("desk-1 ")
    assert await names(page) == ["desk-1", "desk-12", "desk-11", "desk-10"], "worst first"
    await page.get_by_label("Find").fill("")
    await page.get_by_role("button", name="Heat").focus()
    await page.keyboard.press("Enter")
    assert (await names(page))[:2] == ["desk-10", "desk-2"]
    await page.keyboard.press("Enter")
    assert (await names(page))[:2] == ["desk-2", "desk-10"], "what is not known stays last"
    await expect(page.locator("th", has_text="Heat")).to_have_attribute("aria-sort", "descending")
    await page.get_by_label("Program").select_option("1.4.0 (release 4)")
    assert await names(page) == ["desk-10"]
    await expect(page.locator("main .sums")).to_contain_text("1 of 5 shown")
    await expect(page.locator(".release")).to_contain_text("Release 4 (1.4.0) is halted: 2 of 2 boxes fell")


async def is_readable(page: Page) -> None:
    """Look at names, contrast and width in light and dark, small and large."""
    for width_px, scheme in itertools.product((360, 1280), ("light", "dark")):
        await page.set_viewport_size({"width": width_px, "height": 800})
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of the two that there are
        assert await page.evaluate(NAMELESS) == []
        assert await page.evaluate(FAINT) == []
        assert await page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
