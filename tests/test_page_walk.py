"""A parcel from hand to hand on the demo's page, with the real bot behind it: by the door app, and
into a browser without Telegram."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urljoin

import pytest
from playwright.async_api import Locator, Route, expect

from tests.support.browser import IN_A_BROWSER
from tests.support.demo_page import Demo

pytestmark = IN_A_BROWSER

TOWER, SIZE = "Barton Springs Garage", "Medium"
BY_LINK = "Congress Avenue Market"


def code(demo: Demo, name: str) -> Locator:
    """The message in a phone that shows a token."""
    return demo.phone(name).locator("chat-message", has_text="HARBOR://OPEN/")


async def book(demo: Demo) -> None:
    """Anna, who is new here, from /start to a code."""
    anna = demo.phone("Anna")
    await demo.press(anna, "Start", "Send a parcel", TOWER, SIZE, "Send a link or code")
    await demo.press(anna, "Reserve a locker", "Get drop-off code")
    await expect(code(demo, "Anna")).to_be_visible()


async def came(demo: Demo) -> list[str]:
    """The kinds of all updates that the bot has got, in their order."""
    answer = await demo.page.request.get(urljoin(demo.page.url, "/telegram/sandbox/wire"))
    gotten = [entry for entry in await answer.json() if entry["path"].endswith("/getUpdates")]
    updates = [update for entry in gotten for update in (entry["response"] or {}).get("result", [])]
    return [kind for update in updates for kind in update if kind != "update_id"]


async def held(demo: Demo, path: str) -> asyncio.Event:
    """The next request to a path gets nowhere before this is set."""
    goes_on = asyncio.Event()

    async def wait(route: Route) -> None:
        await goes_on.wait()
        await route.continue_()

    await demo.page.route(path, wait, times=1)
    return goes_on


async def at_the_tower(demo: Demo, name: str, deed: str) -> None:
    """With the code in this phone walk to the tower, open, do the deed, close the door."""
    await code(demo, name).locator(".words code.opens").click()
    await demo.press(demo.app(name, "Door app"), "Walk to the tower", "Open door")
    await demo.shut_after(deed)


async def test_a_parcel_goes_from_hand_to_hand(demo: Demo) -> None:
    await book(demo)
    assert await demo.taps() in range(1, 7)
    await expect(demo.hint).to_have_attribute("data-step", "2")

    await at_the_tower(demo, "Anna", "Put the parcel in")
    await demo.tells("Anna", "In locker")
    await expect(code(demo, "Anna")).to_have_count(0)
    await expect(demo.hint).to_have_attribute("data-step", "3")

    await demo.press(demo.phone("Anna"), "Open in Ben’s phone")
    await demo.tells("Ben", "a parcel from Anna is waiting for you")
    await demo.tells("Anna", "has been told and can collect it")

    await demo.press(demo.phone("Ben"), "Get pick-up code")
    await at_the_tower(demo, "Ben", "Take the parcel out")
    await demo.tells("Ben", "You have collected the parcel from Anna")
    await demo.tells("Anna", "Ben has collected it")
    await expect(code(demo, "Ben")).to_have_count(0)
    await expect(demo.hint).to_contain_text("That was a whole delivery")

    await demo.taps()
    await demo.say("Anna", "/start")
    anna = demo.phone("Anna")
    await demo.press(anna, "Send again", "Send a link or code")
    await demo.press(anna, "Reserve a locker", "Get drop-off code")
    await expect(code(demo, "Anna")).to_be_visible()
    assert await demo.taps() in range(1, 5)


@pytest.mark.long
async def test_a_door_that_is_closed_at_once_has_its_parcel_in_it(demo: Demo) -> None:
    pressed = await held(demo, "**/put-in")
    await book(demo)
    await code(demo, "Anna").locator(".words code.opens").click()
    await demo.press(demo.app("Anna", "Door app"), "Walk to the tower", "Open door")
    await demo.press(demo.page, "Put the parcel in", "Close the door")
    pressed.set()
    await demo.tells("Anna", "In locker")
    await expect(demo.hint).to_have_attribute("data-step", "3")


@pytest.mark.long
async def test_what_is_typed_after_a_press_comes_after_it(demo: Demo) -> None:
    anna = demo.phone("Anna")
    await demo.press(anna, "Start")
    typed = await held(demo, "**/press")
    await demo.press(anna, "Send a parcel")
    await demo.say("Anna", "/settings")
    typed.set()
    await expect(anna.get_by_role("button", name="Language: English")).to_be_visible()
    assert (await came(demo))[-3:] == ["message", "callback_query", "message"]


@pytest.mark.long
async def test_somebody_who_claimed_early_is_told_by_the_bot_itself(demo: Demo) -> None:
    await book(demo)
    await demo.press(demo.phone("Anna"), "Open in Ben’s phone")
    await demo.tells("Ben", "You will be told as soon as Harbor reports it in")
    await expect(demo.phone("Ben").locator(".outgoing .words")).to_have_text("/start")
    await at_the_tower(demo, "Anna", "Put the parcel in")
    await demo.tells("Ben", "a parcel from Anna is waiting for you")


@pytest.mark.long
async def test_starting_again_in_the_middle_leaves_a_bot_that_works(demo: Demo) -> None:
    anna = demo.phone("Anna")
    await demo.press(anna, "Start", "Send a parcel", TOWER)
    await expect(anna.get_by_text("Which size?")).to_be_visible()
    await demo.start_again()
    await expect(demo.hint).to_have_attribute("data-step", "1")
    await book(demo)
    await at_the_tower(demo, "Anna", "Put the parcel in")
    await demo.tells("Anna", "In locker")


@pytest.mark.long
async def test_a_code_that_comes_below_is_looked_at(demo: Demo) -> None:
    anna = demo.phone("Anna")
    await demo.press(anna, "Start", "Send a parcel", TOWER, SIZE, "Send a link or code")
    await demo.press(anna, "Reserve a locker")
    await expect(anna.get_by_role("button", name="Get drop-off code")).to_be_visible()
    await anna.get_by_role("log").evaluate("log => { log.scrollTop = 0; }")
    await demo.press(anna, "Get drop-off code")
    picture = code(demo, "Anna").get_by_role("button", name="Enlarge the picture")
    await expect(picture).to_be_in_viewport(ratio=0.99)


@pytest.mark.long
async def test_a_door_that_was_given_back_says_what_it_waits_for(demo: Demo) -> None:
    await book(demo)
    door = demo.page.locator("locker-door[data-status=rented]")
    name = await door.get_attribute("data-name")
    await demo.press(code(demo, "Anna"), "Cancel")
    await demo.press(demo.phone("Anna"), "Yes, cancel")
    declined = demo.page.locator(f"locker-door[data-status=declined][data-name='{name}']")
    await declined.get_by_role("button").click()
    tower = demo.page.get_by_role("region", name="Tower", exact=True)
    await expect(tower.get_by_text("the door is free, at the next sync")).to_be_visible()
    await demo.press(tower, "Sync")
    await demo.tells("Anna", "Cancelled")
    await expect(tower.get_by_text("at the next sync")).to_be_hidden()


@pytest.mark.long
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
    await demo.press(demo.phone("Olga"), TOWER)
    word = demo.phone("Olga").locator(".pictured code", has_text="token")
    await expect(word).to_have_css("display", "inline")
    await demo.press(demo.phone("Anna"), "Start")
    await demo.say("Anna", "/ops")
    await demo.tells("Anna", "What would you like to do?")
    await expect(demo.phone("Anna").get_by_text("Harbor answers")).to_have_count(0)


@pytest.mark.long
async def test_a_slip_pasted_into_the_browser_leads_to_an_empty_locker(demo: Demo) -> None:
    anna = demo.phone("Anna")
    await demo.press(anna, "Start", "Send a parcel", BY_LINK, SIZE, "Send a link or code")
    await demo.press(anna, "Prepare", "Pick-up slip")
    slip = await demo.phone("Anna").locator(".words pre").inner_text()
    await demo.press(demo.page, "Open a browser")
    await demo.browser.get_by_role("textbox", name="Address").fill("no link of ours")
    await demo.press(demo.browser, "Go")
    await expect(demo.browser.get_by_text("There is no link of a parcel page")).to_be_visible()
    await demo.browser.get_by_role("textbox", name="Address").fill(slip)
    await demo.press(demo.browser, "Go")
    await demo.parcel_page.get_by_role("button", name="Collect here").click()
    await expect(demo.parcel_page.get_by_text("Your parcel is on its way")).to_be_visible()

    await demo.press(anna, "I'm at the tower")
    await anna.get_by_role("button", name=re.compile(r"^Open door \d")).last.click()
    app = demo.app("Anna", "Locker Open")
    await app.get_by_role("button", name="Open", exact=True).click()
    await demo.press(app, "Walk to the tower", "Open door")
    await demo.shut_after("Put the parcel in")
    await demo.tells("Anna", "In locker")

    await demo.press(demo.browser, "Reload the page")
    await demo.parcel_page.get_by_role("button", name="Open door").click()
    await demo.parcel_page.get_by_role("link", name="Open door").click()
    app = demo.browser.get_by_role("region", name="Locker Open")
    await demo.press(app, "Install", "Walk to the tower", "Open door")
    await demo.shut_after("Take the parcel out")
    await demo.tells("Anna", "has collected it")
    await demo.press(demo.browser, "Reload the page")
    await expect(demo.parcel_page.get_by_text("The parcel has been taken out")).to_be_visible()


@pytest.mark.long
async def test_what_leads_from_the_page_into_telegram_is_opened_in_a_phone(demo: Demo) -> None:
    anna = demo.phone("Anna")
    await demo.press(anna, "Start", "Send a parcel", BY_LINK, SIZE, "Send a link or code")
    await demo.press(anna, "Prepare", "Pick-up slip", "Open in the browser")
    await demo.parcel_page.get_by_role("link", name="Open in Telegram").click()
    await demo.press(demo.page.get_by_role("dialog"), "Open in Ben’s phone")
    await demo.tells("Ben", "a parcel from Anna")
    await demo.press(demo.browser, "Close the browser")
    await expect(demo.browser).to_be_hidden()
