"""Three parcels on the demo's page by three openers, with the real bot behind it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from playwright.async_api import expect

from tests.support.browser import IN_A_BROWSER
from tests.support.demo_page import Demo

pytestmark = [*IN_A_BROWSER, pytest.mark.long]

NEWCOMERS_TAPS = range(1, 7)
"""The bot's buttons from the menu to a way to open the door."""


@dataclass(frozen=True, slots=True)
class Way:
    """A tower of the demo: its mark, the last taps of a booking there and the first of a pick-up,
    and how a door is opened.
    """

    tower: str
    mark: str
    booking: tuple[str, ...]
    pick_up: str
    open: Callable[[Demo, str], Awaitable[None]]


async def by_link(demo: Demo, name: str) -> None:
    """Tap the link and do what Locker Open asks for."""
    await demo.phone(name).get_by_role("button", name=re.compile(r"^Open door \d+")).last.click()
    app = demo.app(name, "Locker Open")
    await app.get_by_role("button", name=re.compile("^(Open|Install)$")).click()
    await demo.press(app, "Walk to the tower", "Open door")


async def by_keypad(demo: Demo, name: str) -> None:
    """Type the digits of the message on the tower's face."""
    digits = demo.phone(name).locator(".words code").filter(has_text=re.compile(r"^\d+$"))
    keypad = demo.tower.get_by_role("group", name="Keypad")
    for digit in await digits.last.inner_text():
        await keypad.get_by_role("button", name=digit, exact=True).click()
    await demo.press(keypad, "Enter")


async def by_token(demo: Demo, name: str) -> None:
    """Let the door app take the code that the message shows."""
    await demo.phone(name).locator(".words code.opens").last.click()
    await demo.press(demo.app(name, "Door app"), "Walk to the tower", "Open door")


AT_TOWER, GET_LINK = ("I'm at the tower",), "Get opening link"
WAYS = {
    "link": Way("Congress Avenue Market", "Opens by link", AT_TOWER, GET_LINK, by_link),
    "keypad": Way("Hyde Park Hardware", "By link or keypad", AT_TOWER, GET_LINK, by_keypad),
    "token": Way(
        "Barton Springs Garage",
        "By the door app",
        ("Reserve a locker", "Get drop-off code"),
        "Get pick-up code",
        by_token,
    ),
}


@pytest.mark.parametrize("opener", WAYS)
async def test_a_parcel_goes_from_hand_to_hand_by(demo: Demo, opener: str) -> None:
    way, anna, ben = WAYS[opener], demo.phone("Anna"), demo.phone("Ben")
    await demo.press(anna, "Start", "Send a parcel", way.tower, "Medium", "Send a link or code")
    await demo.press(anna, *way.booking)
    await expect(demo.tower.locator(".cap")).to_contain_text(way.mark)
    await expect(demo.hint).to_have_attribute("data-step", "2")
    assert await demo.taps() in NEWCOMERS_TAPS
    await way.open(demo, "Anna")
    await demo.shut_after("Put the parcel in")
    await demo.tells("Anna", "In locker")
    await demo.press(anna, "Open in Ben’s phone")
    await demo.press(ben, way.pick_up)
    await way.open(demo, "Ben")
    await demo.shut_after("Take the parcel out")
    await demo.tells("Ben", "You have collected the parcel from Anna")
    await demo.tells("Anna", "Ben has collected it")
    await expect(demo.hint).to_contain_text("That was a whole delivery")
