"""The demo's page in a browser, with the real bot behind it.

Guarantees: the sandbox runs as `lockerbot sandbox` starts it, in a process of its own; people see
and do here nothing but what a person can in a browser; each test begins with "Start again".
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from playwright.async_api import FrameLocator, Locator, Page, async_playwright, expect

from docs.screenshots import launched, playing
from tests.support.browser import PATIENCE_MS

LOOKING_OFTEN = {"LOCKERBOT_WATCH_SECONDS": "1"}
NOTE_DEEDS = """window.deeds = [];
window.counted = 0;
const note = (what, ...more) => deeds.push([Math.round(performance.now()), what, ...more]);
const named = (one) => `${one?.tagName} ${one?.textContent?.slice(0, 20)}`;
const isTap = ({ type, isTrusted, target }) =>
  type === "click" && isTrusted && target.closest(".inline-keyboard .key");
for (const kind of ["keydown", "focusin", "click"]) {
  const heard = (event) => note(isTap(event) ? "tap" : kind, event.key ?? "", named(event.target));
  addEventListener(kind, heard, { capture: true });
}
const asked = window.fetch;
window.fetch = async (path, how) => {
  const quiet = (how?.method ?? "GET") === "GET";
  if (!quiet) note("asks", path);
  const answer = await asked(path, how);
  if (!quiet) note("is answered", path, answer.status);
  return answer;
};"""
"""What is done on the page, each deed with its moment; `counted` of them `Demo.taps` has seen."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The page of the demo, and short ways to what a person looks at."""

    page: Page

    def phone(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=f"{name}’s phone")

    def app(self, name: str, app: str) -> Locator:
        """An app on a phone: "Door app" or "Locker Open"."""
        return self.phone(name).get_by_role("region", name=app)

    @property
    def browser(self) -> Locator:
        """The browser of somebody without Telegram."""
        return self.page.get_by_role("region", name="Browser", exact=True)

    @property
    def parcel_page(self) -> FrameLocator:
        """What that shows."""
        return self.browser.frame_locator("iframe")

    @property
    def hint(self) -> Locator:
        return self.page.get_by_role("region", name="Your first parcel")

    @property
    def tower(self) -> Locator:
        return self.page.get_by_role("region", name="Tower", exact=True)

    async def press(self, where: Locator | Page, *names: str) -> None:
        """Press the first button of each name, or part of one, in turn."""
        for name in names:
            await where.get_by_role("button", name=re.compile(re.escape(name))).first.click()

    async def say(self, name: str, text: str) -> None:
        await self.phone(name).get_by_role("textbox").fill(text)
        await self.phone(name).get_by_role("textbox").press("Enter")

    async def tells(self, name: str, words: str) -> None:
        await expect(self.phone(name).get_by_text(words).last).to_be_visible()

    async def taps(self) -> int:
        """How many of the bot's buttons were pressed since the last time this was asked."""
        new = "deeds.slice(counted).filter(([, what]) => what === 'tap').length"
        return int(await self.page.evaluate(f"const taps = {new}; counted = deeds.length; taps"))

    async def shut_after(self, deed: str) -> None:
        """Do what is to be done at the open door, and close it."""
        await self.press(self.page, deed, "Close the door")
        await expect(self.page.locator("locker-door[data-door=open]")).to_have_count(0)

    async def start_again(self) -> None:
        await self.press(self.page, "Start again")
        await self.press(self.page.get_by_role("dialog"), "Start again")
        await expect(self.page.locator("chat-message")).to_have_count(0)
        await expect(self.page.locator("sandbox-phone")).to_have_count(2)
        await expect(self.phone("Anna").get_by_role("button", name="Start")).to_be_visible()


@contextlib.asynccontextmanager
async def opened_demo() -> AsyncIterator[Page]:
    """The one tab for all tests of a module."""
    async with (
        playing(**LOOKING_OFTEN) as base,
        async_playwright() as playwright,
        launched(playwright) as browser,
    ):
        page = await browser.new_page(
            viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
        )
        page.set_default_timeout(PATIENCE_MS)
        await page.add_init_script(NOTE_DEEDS)
        await page.goto(base)
        yield page


@contextlib.asynccontextmanager
async def begun_demo(page: Page) -> AsyncIterator[Demo]:
    """A demo in which nothing has happened yet; afterwards it is started again."""
    expect.set_options(timeout=PATIENCE_MS)
    demo = Demo(page)
    await expect(page.locator("sandbox-phone")).to_have_count(2)
    await page.evaluate("deeds.length = counted = 0")
    yield demo
    # Shown beside a failed test alone.
    print(await page.evaluate("deeds.slice(-40).map((deed) => deed.join(' ')).join('\\n')"))
    await demo.start_again()
    expect.set_options(timeout=5_000)
