"""Browsers in which somebody has claimed a parcel; of their secrets keyed hashes are kept."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from datetime import datetime

from bot.domain.browsers import Browser
from bot.domain.lifecycle import LIVE
from storage.connection import Subject, marks
from storage.tables.rows import Rows, stamp

BROWSERS = Rows(Browser)
_LIVE = tuple(sorted(state.value for state in LIVE))
_OVER = f"""select browsers.person from browsers
            where browsers.created_at < ? and not exists (
                select 1 from deliveries where recipient = browsers.person
                and (state in ({marks(len(_LIVE))}) or coalesce(changed_at, 0) >= ?)
            ) limit ?"""


class Browsers(Subject):
    """See `bot.ports.browsers.Browsers`."""

    async def add_browser(self, browser: Browser, *, page: str, cookie: str) -> None:
        await self._db.execute(
            f"""insert into browsers ({BROWSERS.listed()}, page_hash, cookie_hash)
                values ({marks(len(BROWSERS.columns) + 2)})""",
            (
                *BROWSERS.write(browser),
                *(self._sealer.hashes(page)[0], self._sealer.hashes(cookie)[0]),
            ),
        )

    async def browser(self, page: str, cookie: str) -> Browser | None:
        pages, cookies = self._sealer.hashes(page), self._sealer.hashes(cookie)
        row = await self._db.fetch_one(
            f"""select {BROWSERS.listed()} from browsers
                where cookie_hash in ({marks(len(cookies))})
                and page_hash in ({marks(len(pages))})""",
            (*cookies, *pages),
        )
        return BROWSERS.read(row) if row else None

    async def prune_browsers(self, before: datetime, limit: int) -> int:
        """Forget up to `limit` browsers, and their people, from before `before` whose parcels are
        all over since then; how many there were."""
        rows = await self._db.fetch_all(
            f"delete from browsers where person in ({_OVER}) returning person",
            (stamp(before), *_LIVE, stamp(before), limit),
        )
        if people := [person for (person,) in rows]:
            await self._db.execute(f"delete from people where id in ({marks(len(people))})", people)
        return len(people)
