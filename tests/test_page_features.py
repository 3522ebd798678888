"""What the bot can do, each done once on the demo's page by keyboard alone, in four widths, with
nothing cut and nothing that axe finds serious."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

import pytest
from playwright.async_api import expect
from starlette.requests import Request

from bot.domain.lifecycle import State
from docs.chats import turn_to_noon
from tests.support.browser import IN_A_BROWSER
from tests.support.demo_page import Demo
from tests.support.keyboard import IS_FOCUSED, Keyboard
from tests.support.page_scene import serious
from tests.support.pages_to_read import scene
from tests.test_page_fits import HALF_SEEN, OUTSIDE, TOO_WIDE
from web.pages.drawing import Drawing
from web.pages.where import Where
from wording.language import speak
from wording.page import holder

pytestmark = [*IN_A_BROWSER, pytest.mark.long]

TOWER, SIZE = "Barton Springs Garage", "Medium"
TOWER_ID = "0100000000000103"
HEIGHTS = {1440: 900, 1024: 768, 390: 844, 320: 568}


async def nothing_wrong(demo: Demo) -> None:
    """Nothing is cut, and axe finds nothing serious."""
    assert await demo.page.locator("#stage").evaluate(HALF_SEEN) == []
    assert await demo.page.evaluate(OUTSIDE) == []
    assert await demo.page.evaluate(TOO_WIDE) == []
    assert await serious(demo.page) == []


async def book(demo: Demo, keys: Keyboard, *who: str) -> None:
    """Anna, from the menu to the review."""
    await keys.press(demo.phone("Anna"), "Send a parcel", TOWER, SIZE, *who)


async def at_the_door(demo: Demo, keys: Keyboard, name: str, deed: str) -> None:
    """With the newest code to the tower: open, do the deed, close the door."""
    await keys.press(demo.phone(name), "Open in Door app")
    app = demo.app(name, "Door app")
    walk = app.get_by_role("button", name="Walk to the tower")
    opens = app.get_by_role("button", name="Open door")
    await expect(walk.or_(opens).first).to_be_visible()
    if await walk.is_visible():
        await keys.press(app, "Walk to the tower")
    await keys.press(app, "Open door")
    await keys.press(demo.page, deed, "Close the door")
    await expect(demo.page.locator("locker-door[data-door=open]")).to_have_count(0)


async def a_name_a_search_and_a_history(demo: Demo, keys: Keyboard) -> None:
    anna, ben = demo.phone("Anna"), demo.phone("Ben")
    await keys.press(anna, "Start")
    await book(demo, keys, "Send a link or code", "Name it")
    await demo.tells("Anna", "What do you call this parcel?")
    await keys.say(demo, "Anna", "Order 1042")
    await keys.press(anna, "Reserve a locker")
    await demo.tells("Anna", "Reserved until")
    await nothing_wrong(demo)
    await keys.say(demo, "Anna", "/parcels")
    await demo.tells("Anna", "Your parcels")
    await keys.say(demo, "Anna", "nobody’s hat")
    await demo.tells("Anna", "Nothing found")
    await nothing_wrong(demo)
    await keys.say(demo, "Anna", "1042")
    await keys.press(anna, "Order 1042", "Get drop-off code")
    await at_the_door(demo, keys, "Anna", "Put the parcel in")
    await demo.tells("Anna", "In locker")
    await keys.press(anna, "Open in Ben’s phone")
    await keys.press(ben, "Get pick-up code")
    await at_the_door(demo, keys, "Ben", "Take the parcel out")
    await demo.tells("Ben", "You have collected the parcel from Anna")
    await keys.press(ben, "History")
    await demo.tells("Ben", "What happened")
    await nothing_wrong(demo)


async def not_for_me(demo: Demo, keys: Keyboard) -> None:
    anna, ben = demo.phone("Anna"), demo.phone("Ben")
    await keys.press(ben, "Start")
    await keys.press(anna, "Start")
    await book(demo, keys, "Pick a person")
    await keys.press(anna.get_by_role("group", name="Reply keyboard"), "Pick")
    await nothing_wrong(demo)
    await keys.press(demo.page.get_by_role("dialog", name="Choose a person"), "Ben")
    await keys.press(anna, "Reserve a locker")
    await demo.tells("Anna", "Reserved until")
    await keys.press(ben, "Not for me")
    await demo.tells("Ben", "Anna")
    await nothing_wrong(demo)
    await keys.press(ben, "Yes, not for me")
    await demo.tells("Anna", "takes no parcel without being asked first")
    await nothing_wrong(demo)


async def tell_me_when_one_is_free(demo: Demo, keys: Keyboard) -> None:
    anna = demo.phone("Anna")
    await turn_to_noon(demo.page, demo.page.url.rstrip("/"))
    for locker in (medium := await mediums(demo)):
        await set_status(demo, locker, "out of service")
    await keys.press(anna, "Start")
    await book(demo, keys)
    await nothing_wrong(demo)
    await keys.press(anna, "Tell me")
    await keys.say(demo, "Anna", "/parcels")
    await demo.tells("Anna", "Your parcels")
    await nothing_wrong(demo)
    await set_status(demo, medium[0], "available")
    await keys.press(
        demo.page.get_by_role("group", name="Clock"), "Turn the clock ahead one minute"
    )
    await keys.press(anna, "Book it")
    await demo.tells("Anna", "Reserved until")
    await nothing_wrong(demo)


async def several_in_one_visit(demo: Demo, keys: Keyboard) -> None:
    anna, ben = demo.phone("Anna"), demo.phone("Ben")
    await keys.press(ben, "Start")
    await keys.press(anna, "Start")
    for again in range(2):
        if again:
            await keys.say(demo, "Anna", "/start")
        await book(demo, keys, "Pick a person")
        await keys.press(anna.get_by_role("group", name="Reply keyboard"), "Pick")
        await keys.press(demo.page.get_by_role("dialog", name="Choose a person"), "Ben")
        await keys.press(anna, "Reserve a locker", "Get drop-off code")
        await at_the_door(demo, keys, "Anna", "Put the parcel in")
        await demo.tells("Anna", "In locker")
    await keys.press(ben, "Collect all 2 here")
    await demo.tells("Ben", "the code or link for the next door comes by itself")
    await nothing_wrong(demo)
    await at_the_door(demo, keys, "Ben", "Take the parcel out")
    await at_the_door(demo, keys, "Ben", "Take the parcel out")
    await expect(ben.get_by_text("You have collected the parcel from Anna")).to_have_count(2)
    await nothing_wrong(demo)


async def a_photo(demo: Demo, keys: Keyboard) -> None:
    anna, ben = demo.phone("Anna"), demo.phone("Ben")
    await keys.press(anna, "Start")
    await book(demo, keys, "Send a link or code", "Reserve a locker", "Get drop-off code")
    await at_the_door(demo, keys, "Anna", "Put the parcel in")
    await demo.tells("Anna", "In locker")
    await keys.press(anna, "Open in Ben’s phone")
    await demo.tells("Ben", "a parcel from Anna is waiting for you")
    await keys.press(anna, "Attach")
    photo = anna.get_by_role("menuitem", name="Photo")
    while not await photo.evaluate(IS_FOCUSED):
        await demo.page.keyboard.press("ArrowDown")
    await demo.page.keyboard.press("Enter")
    await demo.tells("Anna", "This parcel has a photo")
    await nothing_wrong(demo)
    await keys.press(ben, "See the photo")
    await demo.tells("Ben", "The sender’s photo")
    await nothing_wrong(demo)
    await keys.press(anna, "Remove the photo")
    await demo.tells("Anna", "The photo is removed")
    await expect(ben.get_by_text("The sender’s photo")).to_have_count(0)


async def practice(demo: Demo, keys: Keyboard) -> None:
    anna = demo.phone("Anna")
    await keys.press(anna, "Start", "Practise first", "Practice tower", SIZE, "I'm at the tower")
    await nothing_wrong(demo)
    await keys.press(anna, "Open door 14", "Parcel in, door closed")
    await nothing_wrong(demo)
    await keys.press(anna, "Now be Robin", "Get opening link", "Parcel out, door closed")
    await demo.tells("Anna", "a real parcel looks the same")
    await nothing_wrong(demo)
    await keys.press(anna, "Leave practice")
    await demo.tells("Anna", "What would you like to do?")


async def a_pin_and_what_rings(demo: Demo, keys: Keyboard) -> None:
    anna, ben = demo.phone("Anna"), demo.phone("Ben")
    await keys.press(anna, "Start")
    await book(demo, keys, "Send a link or code", "Reserve a locker")
    await keys.press(anna, "Open in Ben’s phone")
    await keys.press(ben, "Show on the map")
    await expect(ben.locator("figure.place")).to_be_visible()
    await nothing_wrong(demo)
    await keys.say(demo, "Ben", "/settings")
    await keys.press(ben, "What rings when")
    await demo.tells("Ben", "Never rings")
    await nothing_wrong(demo)
    await keys.press(ben, "Back")
    await demo.tells("Ben", "Settings")


def harbor(demo: Demo) -> str:
    """Where the sandbox's Harbor is told what happens there."""
    return urljoin(demo.page.url, "/harbor/sandbox")


async def mediums(demo: Demo) -> list[int]:
    """The free lockers of that size."""
    state = await (await demo.page.request.get(f"{harbor(demo)}/state")).json()
    tower = next(each for each in state["towers"] if each["id"] == TOWER_ID)
    free = [each for each in tower["lockers"] if each["status"] == "available"]
    return [each["id"] for each in free if each["type"] == SIZE.lower()]


async def set_status(demo: Demo, locker: int, status: str) -> None:
    """Somebody else takes it, or gives it back."""
    path = f"{harbor(demo)}/towers/{TOWER_ID}/lockers/{locker}/status"
    answer = await demo.page.request.post(path, data={"status": status})
    assert answer.ok, await answer.text()


Walk = Callable[[Demo, Keyboard], Awaitable[None]]
WALKS: tuple[Walk, ...] = (
    a_name_a_search_and_a_history,
    not_for_me,
    tell_me_when_one_is_free,
    several_in_one_visit,
    a_photo,
    practice,
    a_pin_and_what_rings,
)


@pytest.mark.parametrize(
    ("walk", "width"),
    [
        pytest.param(
            walk,
            width,
            id=f"{walk.__name__}-{width}",
            marks=() if width == min(HEIGHTS) else pytest.mark.every_width,
        )
        for walk in WALKS
        for width in HEIGHTS
    ],
)
async def test_by_keyboard_alone_nothing_is_cut_and_axe_finds_nothing(
    demo: Demo, walk: Walk, width: int
) -> None:
    await demo.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    await walk(demo, Keyboard(demo.page))
    await demo.page.set_viewport_size({"width": 1440, "height": 900})


async def test_what_happened_unfolds_on_the_parcel_page_by_keyboard_in_any_width(
    demo: Demo,
) -> None:
    collected = scene(speak("en"), State.COLLECTED)
    request = Request({"type": "http", "headers": [], "method": "GET", "path": "/p/x"})
    answer = await Drawing(Where("https://bot.example")).page(request, holder.theirs(collected))
    browser = demo.page.context.browser
    assert browser is not None
    page = await browser.new_page()
    for width, height in HEIGHTS.items():
        await page.set_viewport_size({"width": width, "height": height})
        await page.set_content(bytes(answer.body).decode())
        first, last = page.get_by_text("Locker requested"), page.get_by_text("in the locker since")
        await expect(last).to_be_visible()
        await expect(first).to_be_hidden()
        summary = page.get_by_text("Earlier")
        for _ in range(9):
            if await summary.evaluate("one => one === document.activeElement"):
                break
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await serious(page) == []
    await page.close()
