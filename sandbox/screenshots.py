"""Pictures of the page for the README, taken in headless Chromium: `make screenshots`.

Guarantees: each picture shows the stage at work, at the size and in the colours its name says.
Playwright is a development dependency; nothing else of the sandbox needs it.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright

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
