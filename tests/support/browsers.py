"""People without Telegram, with a browser: they open a parcel's page and press what is on it.

Over real HTTP, each with a cookie jar of their own; a button is pressed as a form without scripts
posts it, with all that Chromium says about where it comes from.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import httpx

from bot.domain.ids import DeliveryId
from tests.support.plain_http import plain_http

if TYPE_CHECKING:
    from bot.ports.database import Database

_FROM_HERE = {"Sec-Fetch-Site": "same-origin", "Origin": "null", "Sec-Fetch-Mode": "navigate"}
_TAG = re.compile(r"<(style|title|svg)\b.*?</\1>|<[^>]*>", re.DOTALL)
_FORM = re.compile(
    r'<form method="post"><input type="hidden" name="token" value="(\w*)">'
    r'<button name="do" value="(\w+)"[^>]*>([^<]*)</button></form>'
)
_LINK = re.compile(r'<a class="button[^"]*" href="([^"]*)"[^>]*>([^<]*)</a>')


@dataclass
class Browser:
    """One browser, with the answer it shows."""

    url: str
    language: str = "en"
    client: httpx.AsyncClient = field(default_factory=lambda: plain_http(timeout=30))
    answer: httpx.Response | None = None

    async def opens(self, url: str | None = None, **headers: str) -> httpx.Response:
        """The page, as for whoever types its address or taps a link to it."""
        sent = {"Accept-Language": self.language, **headers}
        self.answer = await self.client.get(url or self.url, headers=sent)
        return self.answer

    async def presses(self, label: str, **headers: str) -> httpx.Response:
        """The button with this label on the page that is shown; where it leads is followed."""
        token, does = self.form(label)
        return await self.posts(does, token, **headers)

    async def posts(
        self, does: str, token: str, *, words: str | None = None, **headers: str
    ) -> httpx.Response:
        """Whatever a form may be made to post."""
        sent = {"Accept-Language": self.language, **_FROM_HERE, **headers}
        form = {"token": token, "do": does} | ({"words": words} if words is not None else {})
        self.answer = await self.client.post(
            self.url, data=form, headers=sent, follow_redirects=True
        )
        return self.answer

    def form(self, label: str) -> tuple[str, str]:
        """The token and the act of the button with this label."""
        for token, does, text in _FORM.findall(self.body):
            if label in html.unescape(text):
                return token, does
        raise AssertionError(f"no button {label!r} on:\n{self.text}")

    @property
    def body(self) -> str:
        """The HTML that is shown."""
        assert self.answer is not None
        return self.answer.text

    @property
    def text(self) -> str:
        """What can be read."""
        words = html.unescape(_TAG.sub(" ", self.body))
        return re.sub(r"\s+", " ", words).strip()

    @property
    def labels(self) -> list[str]:
        """The buttons, those that post and those that lead away."""
        found = [text for _, _, text in _FORM.findall(self.body)]
        return [html.unescape(text) for text in (*found, *(t for _, t in _LINK.findall(self.body)))]

    def link(self, label: str) -> str:
        """Where the button with this label leads."""
        for href, text in _LINK.findall(self.body):
            if label in html.unescape(text):
                return html.unescape(href)
        raise AssertionError(f"no link {label!r} on:\n{self.text}")

    @property
    def cookies(self) -> list[str]:
        """The values of its cookies."""
        return [cookie.value or "" for cookie in self.client.cookies.jar]


class World(Protocol):
    """Where parcels are, and pages about them."""

    @property
    def database(self) -> Database: ...

    @property
    def pages_at(self) -> str: ...


@dataclass
class Browsers:
    """Opens browsers on the pages of a world, and closes them all."""

    world: World
    opened: list[Browser] = field(default_factory=list)

    async def page_of(self, delivery: DeliveryId) -> str:
        """The address of its page, as whoever forwards the claim has it."""
        claim = await self.world.database.look(lambda tx: tx.claim(delivery))
        assert claim is not None
        return f"{self.world.pages_at}/p/{claim.page}"

    def browser(self, url: str, language: str = "en") -> Browser:
        browser = Browser(url, language)
        self.opened.append(browser)
        return browser

    async def close(self) -> None:
        for browser in self.opened:
            await browser.client.aclose()
