"""Parcel pages over a core without a chat: a database, a Harbor, and browsers that ask."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from bot.domain.delivery import Delivery
from bot.ports.database import Database, Transaction
from bot.usecases.surroundings import KnownSurroundings
from handlers.telegram.links import links_to
from tests.support.browsers import Browser, Browsers
from tests.support.chats import free_port
from tests.support.core import Core, core_on
from web.app import create_app
from web.pages import Pages, Where
from web.serving import serving


@dataclass
class House:
    """See the module."""

    core: Core
    pages: Pages
    pages_at: str
    browsers: Browsers
    monotonic: list[float]

    @property
    def database(self) -> Database:
        return self.core.database

    async def opens(self, delivery: Delivery, language: str = "en") -> Browser:
        """A new browser that shows the page of the delivery."""
        browser = self.browsers.browser(await self.browsers.page_of(delivery.id), language)
        await browser.opens()
        return browser

    async def asked(self, delivery: Delivery) -> None:
        """Return once Harbor is to be asked for something for it."""
        while (await self.core.now(delivery)).request is None:  # noqa: ASYNC110  # has no event
            await asyncio.sleep(0.002)
        await self.core.database.run(_nothing)  # by then the worker has been told of it, too

    async def claims(self, delivery: Delivery) -> Browser:
        """A new browser in which the delivery has been claimed."""
        browser = await self.opens(delivery)
        await browser.presses("Collect here")
        return browser


async def _nothing(tx: Transaction) -> None:
    pass


@contextlib.asynccontextmanager
async def house_on(
    database: Database, *, where: dict[str, Any] | None = None, **policy: Any
) -> AsyncIterator[House]:
    """Pages on `database`; `where`: what `Where` is told beside the address."""
    port = free_port()
    at = f"http://127.0.0.1:{port}"
    async with core_on(database, **policy) as core:
        seconds = [0.0]
        known = KnownSurroundings(
            database, core.clock, core.policy, lambda: links_to("parcels_bot")
        )
        pages = Pages(
            database,
            core.clock,
            core.policy,
            known,
            Where(at, **(where or {})),
            key=b"a key for tests",
            monotonic=lambda: seconds[0],
        )
        async with serving(create_app(pages=pages), port=port):
            house = House(core, pages, at, Browsers(None), seconds)  # type: ignore[arg-type]
            house.browsers.world = house
            yield house
            await house.browsers.close()
