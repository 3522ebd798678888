"""Pictures of the page for the README, taken in headless Chromium: `make screenshots`.

Guarantees: each picture shows a delivery half done with the real bot, at the size and in the
colours its name says. Playwright is a development dependency; nothing else here needs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Playwright

__all__ = ["chromium", "launched", "playing"]

FOLDER = Path("docs/images")
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
READY_SECONDS = 60
ADDRESS = re.compile(rb"http://[\d.]+:\d+")
SETTLED_MILLISECONDS = 1200
"""For pictures and fonts to be drawn and doors to have swung."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its file's name, the window's size in CSS pixels, the colours."""

    name: str
    width: int
    height: int
    colours: Literal["light", "dark"] = "light"


PICTURES = (
    Picture("desktop", 1440, 900),
    Picture("dark", 1440, 900, "dark"),
    Picture("phone-narrow", 360, 740),
)
BOOKING = (
    "Start",
    "Send a parcel",
    "Congress Avenue Market",
    "Medium",
    "Send a link or code",
    "I'm at the tower",
    "Open door",
)
"""What Anna presses in the chat, in order; each waits for what the bot answers to the last."""
OPENING = ("Open", "Walk to the tower", "Open door")
"""What she presses in Locker Open."""


def chromium() -> str | None:
    """Where this machine's Chromium is, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.asynccontextmanager
async def launched(playwright: Playwright) -> AsyncIterator[Browser]:
    """That Chromium, headless, for as long as the block lasts. Raises FileNotFoundError."""
    path = chromium()
    if path is None:
        raise FileNotFoundError(f"none of {', '.join(NAMES)} is installed")
    browser = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
    try:
        yield browser
    finally:
        await browser.close()


@contextlib.asynccontextmanager
async def playing(**settings: str) -> AsyncIterator[str]:
    """`lockerbot sandbox` in a process of its own, as anybody would start it; yields its address.

    `settings` go into its environment. Raises TimeoutError when it prints none in time,
    RuntimeError when it ends instead.
    """
    environment = {**os.environ, "PORT": "0", "HOST": "127.0.0.1", **settings}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", "sandbox", env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield await asyncio.wait_for(_address(process), READY_SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    """The address that the sandbox greets with, without a trailing slash."""
    assert process.stdout is not None
    async for line in process.stdout:
        if found := ADDRESS.search(line):
            return found[0].decode()
    raise RuntimeError("the sandbox ended before it had greeted anybody")


async def _play(page: Page, base: str) -> None:
    """Take a delivery as far as a parcel behind an open door, with the link still in the chat."""
    await page.request.post(f"{base}/sandbox/reset")
    await page.request.put(f"{base}/harbor/sandbox/sync", data={"automatic": False})
    await page.goto(base)
    anna = page.get_by_role("region", name="Anna’s phone")
    app = anna.get_by_role("region", name="Locker Open")
    for name in BOOKING:
        await anna.get_by_role("button", name=re.compile(re.escape(name))).first.click()
    for name in OPENING:
        await app.get_by_role("button", name=re.compile(f"^{name}")).click()
    await page.get_by_role("button", name="Put the parcel in").click()
    await anna.get_by_role("button", name="Open in Ben’s phone").first.click()
    await page.get_by_role("region", name="Ben’s phone").get_by_text("from Anna").wait_for()


async def _take(browser: Browser, base: str, picture: Picture, folder: Path) -> Path:
    page = await browser.new_page(
        viewport={"width": picture.width, "height": picture.height}, color_scheme=picture.colours
    )
    await _play(page, base)
    anna = page.get_by_role("region", name="Anna’s phone")
    await anna.scroll_into_view_if_needed()
    await anna.get_by_role("log").evaluate("log => { log.scrollTop = log.scrollHeight; }")
    await page.mouse.move(0, 0)
    await page.wait_for_timeout(SETTLED_MILLISECONDS)
    path = folder / f"{picture.name}.png"
    await page.screenshot(path=path)
    await page.close()
    return path


async def main(folder: Path) -> None:
    """Write every picture into `folder`, which is there."""
    from playwright.async_api import async_playwright

    async with (
        playing() as base,
        async_playwright() as playwright,
        launched(playwright) as browser,
    ):
        for picture in PICTURES:
            print(await _take(browser, base, picture, folder))


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(FOLDER))
