"""Signing in and out in a real browser."""

import asyncio
from contextlib import closing
from pathlib import Path

from playwright.async_api import async_playwright, expect

from appliance.central.access import people, sessions
from appliance.central.access.store import open_access
from tests.central.conftest import Start

from .browser import ARGUMENTS, CALL, CHROMIUM

PASSWORD = "correct horse battery"  # noqa: S105 - of nobody


def test_a_person_signs_in_by_password_comes_to_where_they_wanted_and_signs_out(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        with closing(open_access(tmp_path / "access")) as database:
            people.add_person(database, "kim", ["supervisor"], [people.ALL_TEAMS], PASSWORD)
        async with start() as central, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = await browser.new_page()
            await page.goto(f"http://127.0.0.1:{central.port}/{CALL}")
            await page.get_by_label("Name").fill("kim")
            await page.get_by_label("Password").fill("wrong")
            await page.get_by_role("button", name="Sign in").click()
            await expect(page.get_by_role("alert")).to_contain_text("do not fit")
            await page.get_by_label("Password").fill(PASSWORD)
            await page.keyboard.press("Enter")
            await expect(page.locator("#link-text")).to_have_text("Live")
            assert page.url.endswith(CALL)
            assert await page.evaluate("document.cookie") == ""
            await page.get_by_role("button", name="Sign out").click()
            await expect(page.get_by_label("Name")).to_be_visible()
            await browser.close()

    asyncio.run(run())


def test_a_link_signs_in_once_and_an_ended_session_leads_back(start: Start, tmp_path: Path) -> None:
    async def run() -> None:
        async with start() as central, async_playwright() as playwright:
            with closing(open_access(tmp_path / "access")) as database:
                people.add_person(database, "otto", ["auditor"], [])
                link = sessions.make_link(database, "otto")
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = await browser.new_page()
            address = f"http://127.0.0.1:{central.port}/sign-in#link={link}"
            await page.goto(address)
            await expect(page.get_by_role("heading", name="Who looked at what")).to_be_visible()
            await expect(page.locator("tbody tr").first).to_contain_text("otto")
            with closing(open_access(tmp_path / "access")) as database:
                people.remove_person(database, "otto")
            await page.reload()
            await expect(page.get_by_label("Name")).to_be_visible()
            other = await browser.new_page()
            await other.goto(address)
            await expect(other.get_by_role("alert")).to_contain_text("used already")
            await browser.close()

    asyncio.run(run())
