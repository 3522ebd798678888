"""Harbor's lists: page by page, and nothing read anew that is as it was.

Guarantees: of a list each entry that can be read is there, on whatever page of it, once; what can't
be read is left out and counted. Of a list that is remembered a page with the bytes of last time is
not read again, nor is an entry with the bytes of last time; where every page is as it was, the very
list of last time is given back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Generic

from pydantic import TypeAdapter

from harbor.answers import Listed
from harbor.connection import Connection
from harbor.entries import Entry, read_each
from harbor.errors import Broken, Refused
from harbor.left_out import Unreadable
from harbor.routes import Route

PAGE = 500
LIKE_A_PAGE = 100
"""A tower's list is documented to be whole (CONFIRMED), and is looked at every time that somebody
books: only one as long as pages commonly are is taken for the first of several."""
ASK_FOR_PAGES_AGAIN = timedelta(hours=1)
"""How long Harbor is believed to give a list whole, once it has given it twice over."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[Entry]):
    """A list that is asked for: the call, where it is, and what its entries are.

    `about`: the id in its path, if there is one. `strange`: why an entry does not belong there.
    """

    name: str
    route: Route
    path: str
    shape: TypeAdapter[Entry]
    about: Any = None
    strange: Callable[[Entry], str] | None = None


@dataclass(slots=True)
class _Page(Generic[Entry]):
    """What an answer held: a digest of its bytes, and by its own bytes each entry."""

    digest: bytes
    listed: Listed[Entry]
    entries: Mapping[bytes, Entry]


class Memory(Generic[Entry]):
    """What the last answers to one call held."""

    def __init__(self) -> None:
        self._pages: dict[int, _Page[Entry]] = {}
        self._whole: tuple[Sequence[Listed[Entry]], list[Entry]] | None = None

    async def read(self, asked: Asked[Entry], place: int, body: bytes) -> Listed[Entry]:
        """The page at `place`; the same value where its bytes are the same. Raises Broken."""
        digest, before = sha256(body).digest(), self._pages.get(place)
        for page in self._pages.values():  # whoever asks for more may be told the same again
            if page.digest == digest:
                return page.listed
        known = before.entries if before else None
        listed, entries = await read_each(asked.shape, asked.name, body, known)
        self._pages[place] = _Page(digest, listed, entries)
        return listed

    def whole(self, pages: Sequence[Listed[Entry]]) -> list[Entry] | None:
        """The list that these very pages were last time."""
        if self._whole is None or len(self._whole[0]) != len(pages):
            return None
        same = all(page is before for page, before in zip(pages, self._whole[0], strict=True))
        return self._whole[1] if same else None

    def keep(self, pages: Sequence[Listed[Entry]], found: list[Entry]) -> None:
        """These pages are this list, and no others are wanted."""
        self._whole = pages, found
        length = sum(len(page.entries) + page.left_out for page in pages)
        self._pages = {place: page for place, page in self._pages.items() if place < max(length, 1)}


class Lists:
    """Reads them over `connection`; tells `unreadable` what was left out."""

    def __init__(
        self, connection: Connection, unreadable: Unreadable, now: Callable[[], datetime]
    ) -> None:
        self._connection, self._unreadable, self._now = connection, unreadable, now
        self._whole_until: dict[str, datetime] = {}

    async def read(self, asked: Asked[Entry], memory: Memory[Entry] | None = None) -> list[Entry]:
        """Every entry of a list that can be read and is not strange; the others are counted. Raises
        Broken where the list of a tower's lockers holds nothing but such."""
        pages = [page async for page in self._pages(asked, memory)]
        found = memory.whole(pages) if memory is not None else None
        left_out = sum(page.left_out for page in pages)
        why = next((page.why for page in pages if page.why), "")
        if found is None:
            found = [entry for page in pages for entry in page.entries]
            if asked.strange is not None:
                odd = [said for said in map(asked.strange, found) if said]
                left_out, why = left_out + len(odd), why or next(iter(odd), "")
                found = [entry for entry in found if not asked.strange(entry)]
            elif memory is not None:
                memory.keep(pages, found)
        self._unreadable.note(asked.name, asked.about, left_out, why)
        if left_out and not found and asked.about is not None:
            raise Broken(f"not one entry of Harbor's answer to {asked.name} can be read ({why})")
        return found

    def _may_have_pages(self, name: str) -> bool:
        return self._whole_until.get(name, self._now()) <= self._now()

    async def _page(
        self, asked: Asked[Entry], memory: Memory[Entry] | None, place: int, params: Any
    ) -> Listed[Entry]:
        async def read(body: bytes) -> Listed[Entry]:
            if memory is not None:
                return await memory.read(asked, place, body)
            return (await read_each(asked.shape, asked.name, body))[0]

        return await self._connection.patiently(
            asked.name, asked.route, asked.path, read, params=params
        )

    async def _pages(
        self, asked: Asked[Entry], memory: Memory[Entry] | None
    ) -> AsyncIterator[Listed[Entry]]:
        """A list page by page, each entry once.

        Which lists have pages is not documented: after one that repeats itself the call is believed
        to have none, for `ASK_FOR_PAGES_AGAIN`.
        """
        name = asked.name
        params = {"skip": 0, "limit": PAGE} if name == "locations" else None
        page = await self._page(asked, memory, 0, params)
        yield page
        seen: set[int] | None = None
        skipped = len(page.entries) + page.left_out
        while skipped >= (LIKE_A_PAGE if name == "lockers" else 1) and self._may_have_pages(name):
            seen = {entry.id for entry in page.entries} if seen is None else seen
            params = {"skip": skipped, "limit": PAGE}
            before = page
            try:
                page = await self._page(asked, memory, skipped, params)
            except Refused:  # it takes no such parameters
                page = before
            fresh = [entry for entry in page.entries if entry.id not in seen]
            if not fresh and (page.entries or not page.left_out or not before.entries):
                if page.entries:
                    self._whole_until[name] = self._now() + ASK_FOR_PAGES_AGAIN
                return
            yield page if len(fresh) == len(page.entries) else replace(page, entries=fresh)
            seen |= {entry.id for entry in fresh}
            skipped += len(page.entries) + page.left_out
