"""A parcel from hand to hand on the demo's page, with the real bot behind it.

The sandbox runs as `lockerbot sandbox` starts it, in a process of its own; people see and do here
nothing but what a person can in a browser.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, async_playwright, expect

from docs.screenshots import chromium, launched, playing

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(chromium() is None, reason="no Chromium: chromium is not installed"),
]

PATIENCE_MS = 15_000
LOOKING_OFTEN = {"LOCKERBOT_WATCH_SECONDS": "1"}
COUNT_TAPS = """addEventListener("click", (event) => {
  if (event.isTrusted && event.target.closest(".inline-keyboard .key")) window.taps += 1;
}, { capture: true });
window.taps = 0;"""
TOWER, SIZE = "Barton Springs Garage", "Medium"


@dataclass
class Demo:
    """The page of the demo, and short ways to what a person looks at."""

    page: Page

    def phone(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=f"{name}’s phone")

    @property
    def hint(self) -> Locator:
        return self.page.get_by_role("region", name="Your first parcel")

    def code(self, name: str) -> Locator:
        return self.phone(name).locator("chat-message", has_text="HARBOR://OPEN/")

    async def press(self, where: Locator | Page, *names: str) -> None:
        for name in names:
            await where.get_by_role("button", name=re.compile(re.escape(name))).first.click()

    async def say(self, name: str, text: str) -> None:
        await self.phone(name).get_by_role("textbox").fill(text)
        await self.phone(name).get_by_role("textbox").press("Enter")

    async def tells(self, name: str, words: str) -> None:
        await expect(self.phone(name).get_by_text(words).last).to_be_visible()

    async def taps(self) -> int:
        """How many of the bot's buttons were pressed since the last time this was asked."""
        return int(await self.page.evaluate("const taps = window.taps; window.taps = 0; taps"))

    async def book(self) -> None:
        """Anna, who is new here, from /start to a code."""
        anna = self.phone("Anna")
        await self.press(anna, "Start", "Send a parcel", TOWER, SIZE, "Send a link or code")
        await self.press(anna, "Reserve a locker", "Get drop-off code")
        await expect(self.code("Anna")).to_be_visible()

    async def at_the_tower(self, name: str, deed: str) -> None:
        """With the code in this phone walk to the tower, open, do the deed, close the door."""
        app = self.phone(name).get_by_role("region", name="Door app")
        await self.press(self.code(name), "Open with the door app")
        await self.press(app, "Walk to the tower", "Open door")
        await self.press(self.page, deed, "Close the door")
        await expect(self.page.locator("locker-door[data-door=open]")).to_have_count(0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened() -> AsyncIterator[Page]:
    async with (
        playing(**LOOKING_OFTEN) as base,
        async_playwright() as playwright,
        launched(playwright) as browser,
    ):
        page = await browser.new_page(
            viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
        )
        page.set_default_timeout(PATIENCE_MS)
        await page.add_init_script(COUNT_TAPS)
        await page.goto(base)
        yield page


@pytest_asyncio.fixture(loop_scope="module")
async def demo(opened: Page) -> AsyncIterator[Demo]:
    expect.set_options(timeout=PATIENCE_MS)
    demo = Demo(opened)
    await expect(opened.locator("sandbox-phone")).to_have_count(2)
    yield demo
    await start_again(demo)
    expect.set_options(timeout=5_000)


async def start_again(demo: Demo) -> None:
    await demo.press(demo.page, "Start again")
    await demo.press(demo.page.get_by_role("dialog"), "Start again")
    await expect(demo.page.locator("chat-message")).to_have_count(0)
    await expect(demo.page.locator("sandbox-phone")).to_have_count(2)
    await expect(demo.phone("Anna").get_by_role("button", name="Start")).to_be_visible()


async def test_a_parcel_goes_from_hand_to_hand(demo: Demo) -> None:
    await demo.book()
    assert await demo.taps() in range(1, 7)
    await expect(demo.hint).to_have_attribute("data-step", "2")

    await demo.at_the_tower("Anna", "Put the parcel in")
    await demo.tells("Anna", "In locker")
    await expect(demo.code("Anna")).to_have_count(0)
    await expect(demo.hint).to_have_attribute("data-step", "3")

    await demo.press(demo.phone("Anna"), "Open in Ben’s phone")
    await demo.tells("Ben", "a parcel from Anna is here for you")
    await demo.tells("Anna", "has been told and can collect it")

    await demo.press(demo.phone("Ben"), "Get pick-up code")
    await demo.at_the_tower("Ben", "Take the parcel out")
    await demo.tells("Ben", "You have collected the parcel from Anna")
    await demo.tells("Anna", "Ben has collected it")
    await expect(demo.code("Ben")).to_have_count(0)
    await expect(demo.hint).to_contain_text("That was a whole delivery")

    await demo.taps()
    await demo.say("Anna", "/start")
    anna = demo.phone("Anna")
    await demo.press(anna, "Send again", "Send a link or code")
    await demo.press(anna, "Reserve a locker", "Get drop-off code")
    await expect(demo.code("Anna")).to_be_visible()
    assert await demo.taps() in range(1, 5)


async def test_somebody_who_claimed_early_is_told_by_the_bot_itself(demo: Demo) -> None:
    await demo.book()
    await demo.press(demo.phone("Anna"), "Open in Ben’s phone")
    await demo.tells("Ben", "You will be told as soon as Harbor reports it in")
    await expect(demo.phone("Ben").locator(".outgoing .words")).to_have_text("/start")
    await demo.at_the_tower("Anna", "Put the parcel in")
    await demo.tells("Ben", "a parcel from Anna is here for you")


async def test_starting_again_in_the_middle_leaves_a_bot_that_works(demo: Demo) -> None:
    anna = demo.phone("Anna")
    await demo.press(anna, "Start", "Send a parcel", TOWER)
    await expect(anna.get_by_text("Which size?")).to_be_visible()
    await start_again(demo)
    await expect(demo.hint).to_have_attribute("data-step", "1")
    await demo.book()
    await demo.at_the_tower("Anna", "Put the parcel in")
    await demo.tells("Anna", "In locker")


async def test_a_code_that_comes_below_is_looked_at(demo: Demo) -> None:
    anna = demo.phone("Anna")
    await demo.press(anna, "Start", "Send a parcel", TOWER, SIZE, "Send a link or code")
    await demo.press(anna, "Reserve a locker")
    await expect(anna.get_by_role("button", name="Get drop-off code")).to_be_visible()
    await anna.get_by_role("log").evaluate("log => { log.scrollTop = 0; }")
    await demo.press(anna, "Get drop-off code")
    offer = demo.code("Anna").get_by_role("button", name="Open with the door app")
    await expect(offer).to_be_in_viewport()


async def test_a_door_that_was_given_back_says_what_it_waits_for(demo: Demo) -> None:
    await demo.book()
    door = demo.page.locator("locker-door[data-status=rented]")
    name = await door.get_attribute("data-name")
    await demo.press(demo.code("Anna"), "Cancel")
    await demo.press(demo.phone("Anna"), "Yes, cancel")
    declined = demo.page.locator(f"locker-door[data-status=declined][data-name='{name}']")
    await declined.get_by_role("button").click()
    tower = demo.page.get_by_role("region", name="Tower", exact=True)
    await expect(tower.get_by_text("the door is free, at the next sync")).to_be_visible()
    await demo.press(tower, "Sync")
    await demo.tells("Anna", "Cancelled")
    await expect(tower.get_by_text("at the next sync")).to_be_hidden()


async def test_the_operator_sees_what_the_bot_does(demo: Demo) -> None:
    await demo.press(demo.page, "Add a person")
    sheet = demo.page.get_by_role("dialog", name="Add a person")
    await sheet.get_by_role("textbox").fill("Olga")
    await sheet.get_by_role("checkbox", name="operator").check()
    await demo.press(sheet, "Add")
    await demo.press(demo.phone("Olga"), "Start")
    await demo.say("Olga", "/ops")
    await demo.tells("Olga", "Harbor answers")
    await demo.press(demo.phone("Olga"), "Towers")
    await demo.tells("Olga", TOWER)
    await demo.press(demo.phone("Anna"), "Start")
    await demo.say("Anna", "/ops")
    await demo.tells("Anna", "What would you like to do?")
    await expect(demo.phone("Anna").get_by_text("Harbor answers")).to_have_count(0)
