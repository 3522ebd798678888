"""Pictures of chats for conversation.md, taken in headless Chromium: `make screenshots`.

`python -m docs.chats NAME…` takes those alone. What is in the repository was taken with Debian's
fonts-liberation and fonts-noto-color-emoji.

Guarantees: each picture is one phone of the demo's page after its play, with the real bot behind
it; every play begins at half past twelve at the towers, when all of them are open.
"""

from __future__ import annotations

import asyncio
import io
import re
import sys
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from docs.screenshots import FOLDER, SETTLED_MILLISECONDS, launched, playing

WIDTH = 1440
PATIENCE_MILLISECONDS = 15_000
COLOURS = 96
"""Of a picture's palette: enough for a chat, and a third of the bytes."""
NOON = timedelta(hours=12, minutes=30)
ZONE = ZoneInfo("America/Chicago")
BY_LINK, BY_KEYPAD, BY_TOKEN = (
    "Congress Avenue Market",
    "Hyde Park Hardware",
    "Barton Springs Garage",
)
AT_TOWER = "I'm at the tower"


@dataclass(frozen=True, slots=True)
class Play:
    """The page, and what people do there."""

    page: Page

    def phone(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=f"{name}’s phone")

    async def press(self, where: Locator | Page, *names: str) -> None:
        """Press the newest button of each name, or of a part of one, in turn."""
        for name in names:
            await where.get_by_role("button", name=re.compile(re.escape(name))).last.click()

    async def tells(self, name: str, words: str) -> None:
        """Wait until a person reads this."""
        await expect(self.phone(name).get_by_text(words).last).to_be_visible()

    async def book(self, tower: str, *last: str) -> None:
        """Anna, who is new here, from Start to the review, and what she presses there."""
        anna = self.phone("Anna")
        await self.press(anna, "Start", "Send a parcel", tower, "Medium", "Send a link or code")
        await self.press(anna, *last)

    async def open_by_link(self, name: str) -> None:
        """Tap the newest link and do what Locker Open asks for: to walk there once."""
        await self.phone(name).get_by_role("button", name=re.compile(r"^Open door \d")).last.click()
        app = self.phone(name).get_by_role("region", name="Locker Open")
        await app.get_by_role("button", name=re.compile("^(Open|Install)$")).click()
        walk = app.get_by_role("button", name="Walk to the tower")
        await expect(walk.or_(app.get_by_role("button", name="Open door")).first).to_be_visible()
        if await walk.is_visible():
            await walk.click()
        await self.press(app, "Open door")

    async def open_by_token(self, name: str) -> None:
        """Let the door app take the newest code."""
        await self.phone(name).locator(".words code.opens").last.click()
        app = self.phone(name).get_by_role("region", name="Door app")
        await self.press(app, "Walk to the tower", "Open door")

    async def shut_after(self, deed: str) -> None:
        """Do what is to be done at the open door, and close it."""
        await self.press(self.page, deed, "Close the door")
        await expect(self.page.locator("locker-door[data-door=open]")).to_have_count(0)

    async def store_by_link(self) -> None:
        """Anna puts a parcel in; Ben claims it."""
        await self.book(BY_LINK, AT_TOWER)
        await self.open_by_link("Anna")
        await self.shut_after("Put the parcel in")
        await self.tells("Anna", "In locker")
        await self.press(self.phone("Anna"), "Open in Ben’s phone")
        await self.tells("Ben", "a parcel from Anna is waiting for you")
        await self.tells("Anna", "has been told")

    async def turn(self, unit: str, times: int = 1) -> None:
        for _ in range(times):
            await self.press(self.page, f"Turn the clock ahead one {unit}")

    async def join_operator(self, name: str) -> None:
        """A third phone, whose owner the bot takes for its operator."""
        await self.press(self.page, "Add a person")
        sheet = self.page.get_by_role("dialog", name="Add a person")
        await sheet.get_by_role("textbox").fill(name)
        await sheet.get_by_role("checkbox", name="operator").check()
        await self.press(sheet, "Add")
        await self.press(self.phone(name), "Start")


async def _sender_by_link(play: Play) -> None:
    await play.book(BY_LINK, AT_TOWER)
    await play.tells("Anna", "opening link")


async def _sender_by_token(play: Play) -> None:
    await play.book(BY_TOKEN, "Reserve a locker", "Get drop-off code")
    await play.tells("Anna", "HARBOR://OPEN/")


async def _practice(play: Play) -> None:
    anna = play.phone("Anna")
    await play.press(anna, "Start", "Send a parcel", "Back")  # so that the towers are known
    await play.press(anna, "Practise first", "Practice tower", "Medium", AT_TOWER)
    await play.press(anna, "Parcel in", "Now be Robin")
    await play.tells("Anna", "Robin, a parcel from Anna")


async def _slip(play: Play) -> None:
    await play.book(BY_LINK, "Prepare", "Pick-up slip")
    await play.tells("Anna", "A parcel for you from Anna")


async def _several_parcels(play: Play) -> None:
    await play.book(BY_LINK, "Prepare", "One more like this", AT_TOWER)
    await play.open_by_link("Anna")
    await play.shut_after("Put the parcel in")
    await play.tells("Anna", "In locker")


async def _recipient_by_link(play: Play) -> None:
    await play.store_by_link()


async def _recipient_by_token(play: Play) -> None:
    await play.book(BY_TOKEN, "Reserve a locker", "Get drop-off code")
    await play.open_by_token("Anna")
    await play.shut_after("Put the parcel in")
    await play.press(play.phone("Anna"), "Open in Ben’s phone")
    await play.press(play.phone("Ben"), "Get pick-up code")
    await play.tells("Ben", "HARBOR://OPEN/")


async def _keypad(play: Play) -> None:
    await play.book(BY_KEYPAD, AT_TOWER)
    await play.tells("Anna", "keypad")


async def _door_stays_shut(play: Play) -> None:
    await play.book(BY_LINK, AT_TOWER)
    await play.press(play.phone("Anna"), "It did not open")
    await play.tells("Anna", "Stand within three metres")


async def _hold_over(play: Play) -> None:
    await play.book(BY_LINK, AT_TOWER)
    await play.tells("Anna", "opening link")
    await play.turn("minute", 6)
    await play.press(play.page, "Sync")
    await play.tells("Anna", "The time ran out")


async def _hand_over(play: Play) -> None:
    await play.store_by_link()
    await play.press(play.phone("Ben"), "Get opening link")
    await play.tells("Ben", "Open door")
    await play.page.wait_for_timeout(SETTLED_MILLISECONDS)  # till Anna's card knows of it
    await play.press(play.phone("Anna"), "Hand the claim to somebody else")
    await play.tells("Anna", "can’t be called back")


async def _photo(play: Play) -> None:
    await play.store_by_link()
    anna = play.phone("Anna")
    await play.press(anna, "Attach")
    await anna.get_by_role("menuitem", name="Photo").click()
    await play.tells("Anna", "This parcel has a photo")
    await play.press(play.phone("Ben"), "See the photo")
    await play.tells("Ben", "The sender’s photo")


async def _collected(play: Play) -> None:
    await play.store_by_link()
    await play.press(play.phone("Ben"), "Get opening link")
    await play.open_by_link("Ben")
    await play.shut_after("Take the parcel out")
    await play.tells("Anna", "Ben has collected it")


async def _operators(play: Play) -> None:
    await play.join_operator("Olga")
    await play.store_by_link()
    await play.turn("day", 4)
    await play.tells("Olga", "has not been collected in time")
    await play.press(play.phone("Olga"), "Look at the delivery")
    await play.tells("Olga", "Time to collect ran out")


@dataclass(frozen=True, slots=True)
class Chat:
    """A picture: its file's name, whose phone, the window's height in pixels, what came before."""

    name: str
    person: str
    height: int
    before: Callable[[Play], Awaitable[None]]


CHATS = (
    Chat("practice", "Anna", 1010, _practice),
    Chat("sender-by-link", "Anna", 1300, _sender_by_link),
    Chat("sender-by-token", "Anna", 1220, _sender_by_token),
    Chat("slip", "Anna", 1590, _slip),
    Chat("several-parcels", "Anna", 1100, _several_parcels),
    Chat("recipient-by-link", "Ben", 1050, _recipient_by_link),
    Chat("recipient-by-token", "Ben", 1220, _recipient_by_token),
    Chat("photo", "Ben", 1000, _photo),
    Chat("keypad", "Anna", 1425, _keypad),
    Chat("door-stays-shut", "Anna", 900, _door_stays_shut),
    Chat("hold-over", "Anna", 800, _hold_over),
    Chat("hand-over", "Anna", 900, _hand_over),
    Chat("collected", "Anna", 900, _collected),
    Chat("operators", "Olga", 995, _operators),
)


async def begin(page: Page, base: str) -> None:
    """Turn the clock to the next half past twelve, and start again."""
    await turn_to_noon(page, base)
    await page.request.post(f"{base}/sandbox/reset")
    await page.goto(base)


async def turn_to_noon(page: Page, base: str) -> None:
    """Turn the clock to the next half past twelve."""
    told = await (await page.request.get(f"{base}/harbor/sandbox/clock")).json()
    now = datetime.fromisoformat(told["now"]).astimezone(ZONE)
    since_midnight = timedelta(hours=now.hour, minutes=now.minute, seconds=now.second)
    turn = (NOON - since_midnight) % timedelta(days=1)
    await page.request.post(f"{base}/harbor/sandbox/clock", data={"turn": turn.total_seconds()})


async def _take(browser: Browser, base: str, chat: Chat, folder: Path) -> Path:
    page = await browser.new_page(
        viewport={"width": WIDTH, "height": chat.height}, reduced_motion="reduce"
    )
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    await begin(page, base)
    play = Play(page)
    await chat.before(play)
    phone = play.phone(chat.person)
    await phone.evaluate("phone => { phone.style.maxHeight = 'none'; }")
    device = phone.locator(".device")
    await phone.evaluate("phone => phone.scrollIntoView({ inline: 'center', block: 'nearest' })")
    await expect(phone.locator(".toast")).to_have_count(0)
    await device.get_by_role("log").evaluate("log => { log.scrollTop = log.scrollHeight; }")
    await page.mouse.move(0, 0)
    await page.wait_for_timeout(SETTLED_MILLISECONDS)
    path = folder / f"{chat.name}.png"
    picture = Image.open(io.BytesIO(await device.screenshot()))
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    await page.close()
    return path


async def main(folder: Path, names: Collection[str] = (), chats: Collection[Chat] = CHATS) -> None:
    """Write every picture of `chats`, or those named, into `folder`, which is there. Raises
    KeyError for a name that is none."""
    named = {chat.name: chat for chat in chats}
    chosen = [named[name] for name in names or named]
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    async with (
        playing(LOCKERBOT_WATCH_SECONDS="1") as base,
        async_playwright() as playwright,
        launched(playwright) as browser,
    ):
        for chat in chosen:
            print(await _take(browser, base, chat, folder), flush=True)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(FOLDER, sys.argv[1:]))
