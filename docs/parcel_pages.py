"""Pictures of the parcel page for conversation.md, taken in headless Chromium: `make screenshots`.

Guarantees: each is the bot's own page in its states from left to right, 320 pixels wide, in one
language; the parcel is sent by Anna in the demo, and its door is opened there.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from PIL import Image
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from bot.domain.languages import LANGUAGES
from docs.chats import AT_TOWER, BY_LINK, COLOURS, PATIENCE_MILLISECONDS, WIDTH, Play, begin
from docs.screenshots import FOLDER, launched, playing

NARROW, SCALE = 320, 1.5
GAP = 16
BETWEEN = "#c9d3cf"

Rows = dict[str, list[Image.Image]]
"""The pictures so far, by language."""


async def _taken(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(await page.screenshot(full_page=True))).convert("RGB")


async def _seen(page: Page, rows: Rows) -> None:
    """Take the page as it stands, in every language: what it says follows the browser's."""
    for language in LANGUAGES:
        await page.set_extra_http_headers({"Accept-Language": language})
        await page.reload()
        rows[language].append(await _taken(page))


async def _opened(page: Page, rows: Rows, opens: Callable[[], Awaitable[None]]) -> None:
    """The answer to a tap, which is fetched by another tap in each language."""
    for language in LANGUAGES:
        await page.set_extra_http_headers({"Accept-Language": language})
        await page.goto(page.url)
        await opens()
        rows[language].append(await _taken(page))


async def _play(play: Play, context: BrowserContext, rows: Rows) -> None:
    await play.book(BY_LINK, "Prepare", "Pick-up slip")
    slip = await play.phone("Anna").locator(".words pre").inner_text()
    [link] = re.findall(r"https?://\S+/p/\S+", slip)
    page = await context.new_page()
    await page.goto(link)
    await _seen(page, rows)
    await page.get_by_role("button").first.click()
    await play.press(play.phone("Anna"), AT_TOWER)
    await play.open_by_link("Anna")
    await play.shut_after("Put the parcel in")
    await play.tells("Anna", "In locker")
    await page.goto(link)
    await _seen(page, rows)
    await _opened(page, rows, lambda: page.locator("button.main").click())
    await page.goto(link)
    await page.locator("button.main").click()
    await _take(play, await page.locator("a.main").get_attribute("href") or "")
    await page.set_extra_http_headers({"Accept-Language": "en"})
    await page.goto(link)
    await expect(page.locator("body.done")).to_be_visible()  # once: the browser is forgotten then
    rows["en"].append(await _taken(page))


async def _take(play: Play, link: str) -> None:
    """Open the door by the link on the page, take the parcel, close the door."""
    request = play.page.request
    opened = await request.post("/harbor/sandbox/links/open", data={"link": link})
    assert opened.ok, await opened.text()
    await play.shut_after("Take the parcel out")
    await play.tells("Anna", "has collected it")


def _side_by_side(pictures: list[Image.Image], path: Path) -> Path:
    height = max(picture.height for picture in pictures)
    width = sum(picture.width + GAP for picture in pictures) - GAP
    sheet = Image.new("RGB", (width, height), BETWEEN)
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width + GAP
    sheet.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    return path


async def main(folder: Path) -> None:
    """Write one picture for each language into `folder`, which is there."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    rows: Rows = {language: [] for language in LANGUAGES}
    async with (
        playing(LOCKERBOT_WATCH_SECONDS="1") as base,
        async_playwright() as playwright,
        launched(playwright) as browser,
    ):
        demo = await browser.new_context(
            base_url=base, viewport={"width": WIDTH, "height": 1000}, reduced_motion="reduce"
        )
        demo.set_default_timeout(PATIENCE_MILLISECONDS)
        stage = await demo.new_page()
        await begin(stage, base)
        reader = await browser.new_context(
            viewport={"width": NARROW, "height": 560}, device_scale_factor=SCALE
        )
        await _play(Play(stage), reader, rows)
    for language, pictures in rows.items():
        print(_side_by_side(pictures, folder / f"page-{language}.png"), flush=True)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(FOLDER))
