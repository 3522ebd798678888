"""From a slip to an empty locker in headless Chromium: 320 pixels wide, with and without scripts.

The slip comes out of the sender's real chat, the page is the bot's own over HTTP; what the page's
link opens at the tower is done as Locker Open does it.
"""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
import zxingcpp
from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from bot.domain.ids import PersonId
from bot.domain.policy import Policy
from docs.screenshots import launched
from tests.support.browser import IN_A_BROWSER
from tests.support.chats import MARKET, Chats, chats
from tests.support.databases import opened
from tests.support.openers import BOTH_BY_LINK
from tests.support.page_scene import serious
from tests.support.phones import Phone, said
from tests.support.plain_http import plain_http

pytestmark = IN_A_BROWSER

NARROW: Any = {"width": 320, "height": 640}
PATIENCE_MS = 15_000
MESSENGERS = (
    "WhatsApp/2.23.20.0 A",
    "TelegramBot (like TwitterBot)",
    "facebookexternalhit/1.1",
    "Mozilla/5.0 (compatible; SkypeUriPreview Preview/0.5)",
)


@dataclass
class Street:
    """A sender with a chat, and browsers of people who have none."""

    world: Chats
    chromium: Browser
    anna: Phone
    contexts: list[BrowserContext]

    async def sends(self, *, stored: bool = True) -> str:
        """Anna has sent a parcel: the slip that she forwards, as text."""
        await self.anna.open()
        await self.anna.press(
            "Send a parcel", MARKET, "Medium", "Send a link", "Prepare", "Pick-up slip"
        )
        if stored:
            await self.puts_it_in()
            return said(await self.anna.sees("To collect it", "Locker:"))
        return said(await self.anna.sees("To collect it"))

    async def puts_it_in(self) -> None:
        await self.anna.press("I'm at the tower")
        await self.world.tower.put_in(await self.anna.link())
        await self.anna.sees("In locker")

    async def browses(self, *, scripts: bool = True, dark: bool = False) -> Page:
        """A browser of somebody who was never here."""
        context = await self.chromium.new_context(
            viewport=NARROW,
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        return await context.new_page()

    async def takes_out(self, page: Page) -> None:
        """Whoever reads the page taps the link on it, and takes the parcel."""
        link = await page.get_by_role("link", name=re.compile("^Open door")).get_attribute("href")
        assert link is not None
        await self.world.tower.take_out(link)

    async def ours(self) -> int:
        """How many lockers Harbor says are the bot's."""
        return len(await self.world.lockers.assigned())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright, launched(playwright) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def street(browser: Browser, sqlite_url: str) -> AsyncIterator[Street]:
    policy = Policy(openers=BOTH_BY_LINK, operators=frozenset({PersonId(9000)}))
    async with (
        opened(sqlite_url) as database,
        chats(database, policy=policy, pages=True) as world,
    ):
        street = Street(world, browser, await world.phone("Anna"), [])
        yield street
        for context in street.contexts:
            await context.close()


def link_in(slip: str) -> str:
    """What somebody taps in a slip that was pasted into whatever chat."""
    found = re.search(r"https?://\S+/p/\S+", slip)
    assert found is not None
    return found[0]


async def is_narrow_enough(page: Page) -> bool:
    """Whether nothing of it stands beyond the right edge."""
    wide: int = await page.evaluate("document.documentElement.scrollWidth")
    return wide <= NARROW["width"]


async def looked_at(page: Page) -> None:
    """It is accessible, light and dark, and fits."""
    assert await is_narrow_enough(page)
    for colours in ("light", "dark"):
        await page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        assert await serious(page) == [], colours


async def test_from_a_pasted_slip_to_an_empty_locker(street: Street) -> None:
    slip = await street.sends(stored=False)
    page = await street.browses()
    await page.goto(link_in(slip))
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "A parcel is on its way to a locker"
    )
    await looked_at(page)

    await page.get_by_role("button", name="Collect here").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your parcel is on its way")
    await looked_at(page)
    await street.world.quiet()
    await street.anna.loses("To collect it, open this link")

    await street.puts_it_in()
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Your parcel is in locker")
    await looked_at(page)

    await page.get_by_role("button", name=re.compile("^Open door")).click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("opening link")
    await looked_at(page)
    await street.takes_out(page)
    await street.anna.sees("has collected it")
    assert await street.ours() == 0

    await page.goto(link_in(slip))
    await expect(page.get_by_role("heading", level=1)).to_contain_text(
        "The parcel has been taken out"
    )
    await looked_at(page)


@pytest.mark.long
async def test_without_scripts_too_and_after_previews_which_claim_nothing(street: Street) -> None:
    slip = await street.sends()
    await previewed(link_in(slip))

    page = await street.browses(scripts=False, dark=True)
    await page.goto(link_in(slip))
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "A parcel is waiting in a locker"
    )
    await page.get_by_role("button", name="Collect here").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Your parcel is in locker")
    await page.get_by_role("button", name=re.compile("^Open door")).click()
    await street.takes_out(page)
    assert await street.ours() == 0
    await page.goto(link_in(slip))
    await expect(page.get_by_role("heading", level=1)).to_contain_text(
        "The parcel has been taken out"
    )


async def previewed(link: str) -> None:
    """Every messenger on the way has fetched it, twice, and learned no name and no door."""
    async with plain_http() as client:
        for agent in MESSENGERS * 2:
            seen = await client.get(link, headers={"User-Agent": agent})
            head = await client.head(link, headers={"User-Agent": agent})
            assert (seen.status_code, head.status_code) == (200, 200)
            assert "Collect here" in seen.text
            assert "Anna" not in seen.text
            assert "ocker 2" not in seen.text
            assert not {"set-cookie"} & {*seen.headers, *head.headers}


@pytest.mark.long
async def test_of_two_browsers_at_once_one_collects_and_the_other_is_told(street: Street) -> None:
    link = link_in(await street.sends())
    first, second = await street.browses(), await street.browses(scripts=False)
    for page in (first, second):
        await page.goto(link)
    await first.get_by_role("button", name="Collect here").click()
    await expect(first.get_by_role("heading", level=1)).to_contain_text("Your parcel is in locker")
    await second.get_by_role("button", name="Collect here").click()
    await expect(second.get_by_role("heading", level=1)).to_have_text("Somebody else was first")
    await first.get_by_role("button", name=re.compile("^Open door")).click()
    await street.takes_out(first)
    assert await street.ours() == 0
    await second.goto(link)
    await expect(second.get_by_role("heading", level=1)).to_have_text("There is no parcel here")


@pytest.mark.long
async def test_the_slips_picture_leads_to_the_page_as_its_text_does(street: Street) -> None:
    slip = await street.sends()
    message = await street.anna.sees("To collect it", "Locker:")
    picture = await street.world.http.get(f"/telegram{message['photo_url']}")
    [symbol] = zxingcpp.read_barcodes(
        Image.open(io.BytesIO(picture.content)), formats=zxingcpp.BarcodeFormat.QRCode
    )
    assert symbol.text == link_in(slip)
