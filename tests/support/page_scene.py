"""A browser on the sandbox's page, with a small bot on the other end.

Guarantees: each scene begins with a stage as seeded and a browser that remembers nothing; an error
in the page's own code fails the test.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, ViewportSize, async_playwright, expect

from cli.sandbox_server import serving_sandbox
from docs.screenshots import launched
from sandbox.stage import Opener, Stage, create_stage
from tests.support.browser import PATIENCE_MS
from tests.support.echo_bot import echoing

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 360, "height": 740}
BY_LINK, BY_KEYPAD, BY_TOKEN = (f"010000000000010{number}" for number in (1, 2, 3))
OPENERS: dict[str, Opener] = {BY_LINK: "link", BY_KEYPAD: "keypad", BY_TOKEN: "token"}


@dataclass(frozen=True, slots=True)
class Opened:
    """The one tab for all tests of a module, and the stage whose page it shows."""

    page: Page
    stage: Stage
    base: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A page on a stage as seeded, and short ways to what a person looks at."""

    page: Page
    stage: Stage

    def phone(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=f"{name}’s phone")

    def app(self, name: str, app: str) -> Locator:
        """An app on a phone: "Door app" or "Locker Open"."""
        return self.phone(name).get_by_role("region", name=app)

    @property
    def tower(self) -> Locator:
        return self.page.get_by_role("region", name="Tower", exact=True)

    @property
    def hint(self) -> Locator:
        return self.page.get_by_role("region", name="Your first parcel")

    def open_door(self) -> Locator:
        return self.page.locator("locker-door[data-door=open]")

    async def start(self, name: str) -> Locator:
        phone = self.phone(name)
        await phone.get_by_role("button", name="Start").click()
        await expect(phone.get_by_text("Hello!")).to_be_visible()
        return phone

    async def say(self, phone: Locator, text: str) -> None:
        await phone.get_by_role("textbox").fill(text)
        await phone.get_by_role("textbox").press("Enter")

    async def press(self, where: Locator | Page, *names: str) -> None:
        for name in names:
            await where.get_by_role("button", name=name).click()

    async def turn_clock(self, by: str) -> None:
        """Turn the clock ahead "one minute", "one hour" or "one day"."""
        await self.press(self.page.get_by_role("group", name="Clock"), f"Turn the clock ahead {by}")


@contextlib.asynccontextmanager
async def opened_page() -> AsyncIterator[Opened]:
    """A tab on a stage with three openers: a new one each would cost more than the tests."""
    stage = create_stage(limits=False, openers=OPENERS)
    async with (
        serving_sandbox(stage) as base,
        echoing(base),
        async_playwright() as playwright,
        launched(playwright) as browser,
    ):
        context = await browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        yield Opened(await context.new_page(), stage.state.stage, base)
        expect.set_options(timeout=5_000)


@contextlib.asynccontextmanager
async def begun(opened: Opened) -> AsyncIterator[Scene]:
    """The page anew: the stage as seeded, light, wide. Raises AssertionError for a page's error."""
    page = opened.page
    complaints: list[str] = []

    def complain(error: object) -> None:
        complaints.append(str(error))

    page.on("pageerror", complain)
    await page.goto(f"{opened.base}/icon.svg")
    await page.evaluate("localStorage.clear()")
    await opened.stage.reset()
    await page.set_viewport_size(DESKTOP)
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    await page.goto(opened.base)
    await expect(page.locator("sandbox-phone")).to_have_count(2)
    await expect(page.locator("locker-door")).to_have_count(24)
    yield Scene(page, opened.stage)
    page.remove_listener("pageerror", complain)
    assert complaints == []


async def serious(page: Page) -> list[str]:
    """What axe finds of weight, readable in a failed test."""
    found = await Axe().run(page)
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found.response["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


async def until(condition: Callable[[], bool], page: Page) -> None:
    """Wait, with the page running, until what the stage holds is so."""
    for _ in range(PATIENCE_MS // 25):
        if condition():
            return
        await page.wait_for_timeout(25)
    raise AssertionError("it did not come about in time")
