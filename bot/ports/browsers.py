"""Browsers in which somebody has claimed a parcel, as the core asks storage for them."""

from __future__ import annotations

from typing import Protocol

from bot.domain.browsers import Browser


class Browsers(Protocol):
    """Found by two secrets together, of which keyed hashes alone are kept."""

    async def add_browser(self, browser: Browser, *, page: str, cookie: str) -> None:
        """Write down who has claimed by `page` and is known again by `cookie`; their person is
        saved apart. `Upkeep.prune` forgets both."""
        ...

    async def browser(self, page: str, cookie: str) -> Browser | None:
        """The browser that has this cookie for this page."""
        ...
