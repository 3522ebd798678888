"""A person on the demo's page without a mouse: Tab, Shift+Tab, Enter, and what they type.

Guarantees: whatever is pressed has been reached by keys alone, is in view then, and the focus had
not been lost before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from tests.support.demo_page import Demo

FARTHEST = 300
"""Steps of Tab after which what is looked for can't be reached."""
IS_FOCUSED = "one => one === document.activeElement"
LIES_BEFORE = """one => Boolean(
  document.activeElement.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_PRECEDING)"""
LOST = "() => document.activeElement === document.body"


@dataclass
class Keyboard:
    """See the module; `begun`: something has the focus, and something will from then on."""

    page: Page
    begun: bool = False

    async def reach(self, wanted: Locator) -> None:
        """Go there. Raises AssertionError where no number of steps leads there."""
        await expect(wanted).to_be_visible()
        if self.begun:
            await self._has_focus()
        for _ in range(FARTHEST):
            if await wanted.evaluate(IS_FOCUSED):
                self.begun = True
                await expect(wanted).to_be_in_viewport()
                return
            back = self.begun and await wanted.evaluate(LIES_BEFORE)
            await self.page.keyboard.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"not to be reached: {wanted}")

    async def _has_focus(self) -> None:
        lost = await self.page.evaluate(LOST)
        assert not lost, "the focus fell to the page"

    async def press(self, where: Locator | Page, *names: str) -> None:
        """Press the newest button of each name, or of a part of one, in turn."""
        for name in names:
            button = where.get_by_role("button", name=re.compile(re.escape(name))).last
            await expect(button).to_be_visible()
            await self.reach(button)
            await self.page.keyboard.press("Enter")

    async def say(self, demo: Demo, name: str, text: str) -> None:
        """Write to the bot."""
        await self.reach(demo.phone(name).get_by_role("textbox"))
        await self.page.keyboard.type(text)
        await self.page.keyboard.press("Enter")
