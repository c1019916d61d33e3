"""What the supervisor's page shows and does, in a real browser with a real server and a device on the line."""

import asyncio
import contextlib
import re
from typing import Any

from playwright.async_api import Locator, Page, expect

from appliance.delivery import messages
from appliance.events import Muted, Paused
from tests.central.conftest import Start
from tests.central.rig import FakeDevice
from tests.central.script import dispute, ended, measured, said, span, started

from .browser import CALL, page_on, reading, send, urgent


async def partial(device: FakeDevice, text: str, number: int = 1, who: Any = "caller") -> None:
    await device.send(messages.PartialMessage(call="c1", who=who, utterance=number, text=text, **span(1, 2)))


def utterances(page: Page) -> Locator:
    return page.locator(".said")


def test_a_live_call_appears_and_grey_words_become_final_ones(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device, page_on(central) as page:
            card = page.locator(".card", has_text="desk-1")
            await expect(card).to_contain_text("Online")
            await device.status("c1")
            await send(device, started())
            await expect(card).to_contain_text("On a call")
            await expect(card).to_contain_text("English")
            await partial(device, "this is ridi")
            await expect(card.locator(".last-words.partial")).to_contain_text("this is ridi")
            await card.get_by_role("link", name="desk-1").click()
            await expect(page).to_have_title("Live call on desk-1 \N{EN DASH} Undertone")
            grey = page.locator(".said.partial")
            await expect(grey).to_have_text("Caller, still speaking: this is ridi")
            await partial(device, "this is ridiculous i have")
            await expect(grey).to_contain_text("ridiculous i have")
            await send(device, said("This is ridiculous."), first=2)
            await expect(utterances(page)).to_have_text(["Caller: This is ridiculous."])
            await expect(grey).to_have_count(0)

    asyncio.run(run())


def test_phrases_are_marked_inside_the_words_and_gaps_and_alerts_are_told(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await device.status("c1")
            await send(device, *dispute())
            async with page_on(central, CALL) as page:
                await expect(page.locator("mark")).to_have_text(
                    ["waiting for twenty minutes", "speak to your supervisor", "cancel my account"]
                )
                await expect(page.locator(".row.gap")).to_contain_text("Not heard: Caller at 0:26 for 3.5 s")
                await expect(page.locator(".row.notice")).to_contain_text("The line is a narrow one.")
                await expect(page.locator(".row.silence")).to_contain_text("19 s without words")
                both = page.locator(".row", has=page.locator(".said[data-who=agent]")).filter(
                    has=page.locator(".said[data-who=caller]")
                )
                await expect(both).to_have_count(1)
                await expect(page.locator(".alert[data-state=withdrawn]")).to_contain_text("Threat")
                marker = page.get_by_role("button", name="Urgent: Asks for supervisor at 1:02")
                await marker.click()
                await expect(page.locator(".alert", has_text="Asks for supervisor")).to_be_focused()
                await page.get_by_role("button", name="Show 1:00 in the transcript").click()
                await expect(utterances(page).filter(has_text="cancel my account")).to_be_focused()

    asyncio.run(run())


def test_a_mute_and_a_pause_are_told_apart_and_neither_is_a_loss(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await device.status("c1", muted=True)
            withheld = (Muted(**span(4, 9), who="both"), Paused(**span(12, 20), who="both"))
            await send(device, started(), said("Good morning."), *withheld)
            async with page_on(central, CALL) as page:
                await expect(page.locator(".row.withheld")).to_have_text(
                    [
                        "Muted at the box at 0:04 for 5.0 s: nothing was heard, by wish",
                        "Paused from here at 0:12 for 8.0 s: nothing was heard, by wish",
                    ]
                )
                await expect(page.locator(".row.gap")).to_have_count(0)
                await expect(page.locator(".lamp")).to_contain_text("Muted at the box: nothing is heard")
                await expect(page.get_by_role("button", name="Pause for card data")).to_have_count(0)
                calls = (messages.CallStatus("c1", "normal", blinking=False, reason="", paused=True),)
                await device.status("c1", calls=calls)
                await expect(page.locator(".lamp")).to_contain_text("Paused from here: nothing is heard")
                await expect(page.get_by_role("button", name="Listen again")).to_be_visible()
                await device.status("c1")
                await page.get_by_role("button", name="Pause for card data").click()
                command = await device.read_until(messages.Command)
                assert (command.name, command.arguments) == ("pause", {"call": "c1"})

    asyncio.run(run())


def test_stress_sentiment_redactions_and_talk_are_shown_with_their_reasons(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await device.status("c1")
            await send(device, *dispute(), *measured())
            async with page_on(central, CALL) as page:
                panel = page.get_by_label("Voice, words and talk")
                await expect(panel).to_contain_text("Tier gold, waited 5 min 40 s in the queue")
                await expect(panel).to_contain_text("Stress in the voice calm now 0.30")
                await expect(panel.locator(".peaks li")).to_have_text(
                    [
                        re.compile(r"^0:50 high, up to 0\.88: pitch \+4\.6 semitones"),
                        re.compile(r"^1:00 high, up to 0\.90: pitch \+5\.0 semitones"),
                    ]
                )
                await expect(panel).to_contain_text("Words lately negative (\N{MINUS SIGN}0.62")
                await expect(panel).to_contain_text("Agent 42 %Caller 58 %")
                await expect(panel).to_contain_text("Agent 142 words a minute")
                await expect(panel).to_contain_text("1.6 s at once")
                await expect(panel).to_contain_text("Caller interrupted 2 times")
                assert await page.locator(".stress polyline").count() == 3 + 4 + 5
                await expect(page.locator(".redacted")).to_have_text("card 16 digits")
                await expect(page.locator("[data-mood=negative]")).to_have_text("Words negative \N{MINUS SIGN}0.62")
                alert = page.locator(".alert", has_text="Furious")
                await expect(alert.locator(".measure")).to_contain_text("stress 0.88 for 2.0 s")
                await expect(alert).to_contain_text("limit 0.8")
                await expect(alert).to_contain_text("Judged without words")
                await expect(alert).to_contain_text("Call the supervisor on duty")
                await expect(alert).to_contain_text("holds since 0:50")
                await panel.get_by_role("button", name="Show 0:50 in the transcript").click()
                await expect(utterances(page).filter(has_text="This is ridiculous")).to_be_focused()

    asyncio.run(run())


def test_the_button_acknowledges_and_the_light_goes_steady(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await urgent(device, blinking=True)
            await send(device, *dispute())
            async with page_on(central, CALL) as page:
                await expect(page).to_have_title("(1) Live call on desk-1 \N{EN DASH} Undertone")
                await expect(page.locator(".lamp")).to_contain_text("Urgent blinking")
                await page.get_by_role("button", name="I have seen it").click()
                command = await device.read_until(messages.Command)
                assert (command.name, command.arguments) == ("acknowledge", {"call": "c1", "alert": 3})
                await device.send(messages.Result(id=command.id, ok=True))
                await urgent(device, blinking=False)
                await expect(page.locator(".lamp")).to_contain_text("Urgent steady")
                await expect(page.get_by_role("button", name="I have seen it")).to_have_count(0)
                await expect(page).to_have_title("Live call on desk-1 \N{EN DASH} Undertone")

    asyncio.run(run())


def test_a_device_that_refuses_is_told_in_words(start: Start) -> None:
    async def run() -> None:
        async with start() as central, central.device() as device:
            await urgent(device, blinking=True)
            async with page_on(central, CALL, forgive="422|404") as page:
                await page.get_by_role("button", name="I have seen it").click()
                command = await device.read_until(messages.Command)
                await device.send(messages.Result(id=command.id, ok=False, error="the alert is over"))
                await expect(page.get_by_role("alert")).to_contain_text("the alert is over")
                await expect(page.get_by_role("button", name="I have seen it")).to_be_enabled()

    asyncio.run(run())


def test_the_page_comes_back_after_a_restart_with_nothing_missed_or_doubled(start: Start) -> None:
    async def run() -> None:
        async with contextlib.AsyncExitStack() as stack:
            async with start() as central, central.device() as device:
                port = central.port
                await device.status("c1")
                await send(device, started(), said("before", 1))
                page = await stack.enter_async_context(page_on(central, CALL, forgive="ERR_|Failed to load"))
                await expect(utterances(page)).to_have_text(["Caller: before"])
            await expect(page.locator("#lost")).to_contain_text("Connection to the server lost, reconnecting.")
            await expect(page.locator("#link-text")).to_have_text("Reconnecting")
            async with start(port=port) as central, central.device() as device:
                await send(device, said("meanwhile", 2, start_s=3, end_s=4), first=3)
                await device.status("c1")
                await expect(page.locator("#lost")).to_be_hidden()
                await send(device, said("after", 3, start_s=5, end_s=6), first=4)
                await expect(utterances(page)).to_have_text(["Caller: before", "Caller: meanwhile", "Caller: after"])
                await stack.aclose()

    asyncio.run(run())


def test_a_finished_call_opens_again_and_reads_the_same(start: Start) -> None:
    async def run() -> None:
        async with (
            start() as central,
            central.device() as device,
            reading(device),
            page_on(central, CALL, forgive="404") as page,
        ):
            await device.status("c1")
            await send(device, *dispute(), ended(70))
            await device.status(None)
            await expect(page.locator(".row.end")).to_contain_text("Call ended at 1:10: hung up")
            live = await page.locator(".rows").inner_text()
            await page.get_by_role("link", name="Calls").click()
            row = page.get_by_role("row").nth(1)
            await expect(row).to_contain_text("desk-1")
            await expect(row).to_contain_text("1:10")
            await expect(row).to_contain_text("Urgent")
            await row.get_by_role("link").click()
            await expect(page.locator(".row.end")).to_be_visible()
            assert await page.locator(".rows").inner_text() == live
            await expect(page).to_have_title("Call on desk-1 \N{EN DASH} Undertone")
            await expect(page.locator(".lamp")).to_have_count(0)
            await page.reload()
            await expect(page.locator(".row.end")).to_be_visible()
            assert await page.locator(".rows").inner_text() == live

    asyncio.run(run())


def test_what_callers_say_is_text_and_nothing_else(start: Start) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"><script>alert(1)</script>"

    async def run() -> None:
        async with start() as central, central.device() as device:
            await device.status("c1", reason=evil)
            await send(device, started(), said(evil), {"type": evil, "start_s": 3})
            async with page_on(central, CALL) as page:
                await expect(utterances(page)).to_have_text([f"Caller: {evil}"])
                assert await page.locator("main img, main script").count() == 0
                assert "owned" not in await page.title()
                await page.get_by_role("link", name="Wall").click()
                await expect(page.locator(".reason")).to_have_text(evil)

    asyncio.run(run())
