"""Finding deliveries: by words of people's and parcels' names, by tower and by door."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, PersonId, TowerId
from bot.domain.lifecycle import ENDS, LIVE
from bot.domain.search import MOST_WORDS, Glimpse
from bot.ports.database import Database, Transaction
from bot.ports.search import Ended
from storage.connection import Row, chunks, marks
from storage.tables.deliveries import Deliveries, states_listed
from storage.tables.latest import Condition, latest
from storage.tables.rows import moment
from storage.tables.words import as_stored, write_words, write_words_of_parcel

_ENDED = f"state in ({states_listed(ENDS)})"
_PORTION = 200
_FREQUENT = 10_000
"""Where so many parcels are called alike, they are gone through from the latest back; and where
they are to be called by another word, too, so many of them at most."""
_SPELLINGS = 50
"""Up to so many words that begin alike are each gone through for itself, without sorting."""
_CALLED = """(select delivery as id, word, tower, ended_at as changed_at from parcel_words
    where ended_at is not null) as called"""
# With a limit PostgreSQL looks each up, and never reads all that a frequent word is said of.
_ALSO_CALLED = """(select 1 from parcel_words as other where other.delivery = called.id
    and other.word >= ? and other.word < ? limit 1) = 1"""
_GLIMPSES = f"""select id, tower, locker_name, changed_at, recipient_name, parcel_name,
                       sender, recipient
                from deliveries where state in ({states_listed(LIVE)})"""


class Search(Deliveries):
    """See `bot.ports.search.Search`."""

    async def glimpses(self) -> list[Glimpse]:
        rows = await self._db.fetch_all(_GLIMPSES)
        # People apart: joined, PostgreSQL would read all that there are.
        ids = list({person for row in rows for person in row[6:] if person is not None})
        found = await asyncio.gather(
            *(
                self._db.fetch_all(
                    f"""select id, name, lower(username) from people
                        where id in ({marks(len(some))})""",
                    some,
                )
                for some in chunks(ids)
            )
        )
        known = {person: (name, called) for people in found for person, name, called in people}
        return [_glimpse(row, known) for row in rows]

    async def people_named(self, words: Sequence[str], limit: int) -> list[PersonId]:
        if not words:
            return []
        first, *others = sorted(map(as_stored, words), key=len, reverse=True)
        also = "and exists (select 1 from people_words as o where o.person = w.person and {})"
        rows = await self._db.fetch_all(
            f"""select distinct w.word, w.person from people_words as w
                where w.word >= ? and w.word < ?
                {" ".join(also.format("o.word >= ? and o.word < ?") for _ in others)}
                order by w.word, w.person limit ?""",
            (*_range(first), *(end for word in others for end in _range(word)), 2 * limit),
        )
        return [PersonId(each) for each in dict.fromkeys(person for _, person in rows)][:limit]

    async def people_called(self, username: str) -> list[PersonId]:
        rows = await self._db.fetch_all(
            "select id from people where lower(username) = ?", (username,)
        )
        return [PersonId(person) for (person,) in rows]

    async def ended_of(
        self, people: Sequence[PersonId], towers: Collection[TowerId] | None, limit: int
    ) -> Ended:
        there, theirs = _at(towers)
        return await latest(
            self._db,
            [
                Condition(f"{column} = ?{there} and {_ENDED}", (person, *theirs))
                for person in people
                for column in ("sender", "recipient")
            ],
            limit,
        )

    async def ended_at(self, towers: Sequence[TowerId], door: str | None, limit: int) -> Ended:
        behind, name = ("", ()) if door is None else (" and locker_name = ?", (door,))
        which = [Condition(f"tower = ?{behind} and {_ENDED}", (at, *name)) for at in towers]
        return await latest(self._db, which, limit)

    async def index_parcel(self, delivery: Delivery) -> None:
        await write_words_of_parcel(self._db, delivery)

    async def ended_called(
        self, words: Sequence[str], towers: Collection[TowerId] | None, limit: int
    ) -> tuple[Ended, bool]:
        if not words:
            return [], True
        ranges = [tuple(_range(as_stored(word))) for word in words]
        counts = [await self._how_often(each) for each in ranges]
        rarest = counts.index(min(counts))
        first, others = ranges[rarest], [*ranges[:rarest], *ranges[rarest + 1 :]]
        frequent = counts[rarest] == _FREQUENT
        spelled = await self._spellings(first) if frequent else []
        called: list[tuple[str, Sequence[str]]] = [("word = ?", (word,)) for word in spelled]
        called = called or [("word >= ? and word < ?", first)]
        since = await self._since(called) if frequent and others else [0] * len(called)
        there, theirs = _at(towers)
        also = "".join(f" and {_ALSO_CALLED}" for _ in others) + there
        found = await latest(
            self._db,
            [
                Condition(
                    f"{which} and changed_at >= ?{also}",
                    (*values, oldest, *chain(*others), *theirs),
                    _CALLED,
                    rows_each=1 if spelled else MOST_WORDS,
                )
                for (which, values), oldest in zip(called, since, strict=True)
            ],
            limit,
        )
        return found, not any(since)

    async def _how_often(self, ends: Sequence[str]) -> int:
        """How many parcels are called so, counted to `_FREQUENT`."""
        rows = await self._db.fetch_all(
            f"""select count(*) from (select 1 from parcel_words where word >= ? and word < ?
                limit {_FREQUENT}) as counted""",
            ends,
        )
        return int(rows[0][0]) if rows else 0

    async def _spellings(self, ends: Sequence[str]) -> list[str]:
        """The words in this range; none where there are more than `_SPELLINGS`."""
        rows = await self._db.fetch_all(
            f"""with recursive spelled(number, word) as (
                    select 1, min(word) from parcel_words where word >= ? and word < ?
                    union all
                    select number + 1, (select min(next.word) from parcel_words as next
                        where next.word > spelled.word and next.word < ?)
                    from spelled where word is not null and number <= {_SPELLINGS}
                )
                select word from spelled where word is not null""",
            (*ends, ends[1]),
        )
        return [word for (word,) in rows] if len(rows) <= _SPELLINGS else []

    async def _since(self, called: Sequence[tuple[str, Sequence[str]]]) -> list[int]:
        """From when on to look for each of these, so that `_FREQUENT` parcels are looked at in all;
        0 where that is all there are."""
        most = _FREQUENT // len(called)
        parts = (
            f"""select {place}, case when count(*) < {most} then 0 else min(ended_at) end from (
                    select ended_at from parcel_words where {which} and ended_at is not null
                    order by ended_at desc limit {most}
                ) as latest{place}"""
            for place, (which, _) in enumerate(called)
        )
        rows = await self._db.fetch_all(
            " union all ".join(parts), [value for _, values in called for value in values]
        )
        found = [0] * len(called)
        for place, oldest in rows:
            found[place] = oldest
        return found

    async def doors_called(self, names: Sequence[str]) -> list[str]:
        if not names:
            return []
        one = (
            f"select * from (select locker_name from deliveries where locker_name = ? and {_ENDED}"
        )
        parts = (f"{one} limit 1) as door{place}" for place, _ in enumerate(names))
        rows = await self._db.fetch_all(" union all ".join(parts), names)
        return [name for (name,) in rows]

    async def unindexed_people(self) -> bool:
        return bool(await self._db.fetch_all("select id from people where indexed = 0 limit 1"))

    async def index_people(self, limit: int) -> int:
        rows = await self._db.fetch_all(
            "select id, name from people where indexed = 0 order by id limit ?", (limit,)
        )
        for person, name in rows:
            await write_words(self._db, PersonId(person), name)
            await self._db.execute("update people set indexed = 1 where id = ?", (person,))
        return len(rows)


def _at(towers: Collection[TowerId] | None) -> tuple[str, Sequence[TowerId]]:
    """As SQL what is at one of `towers` (None: at any), and its values."""
    return ("", ()) if towers is None else (f" and tower in ({marks(len(towers))})", [*towers])


def _range(word: str) -> Iterator[str]:
    """From where to where words stand that begin with `word`: after f no digit comes."""
    yield from (word, f"{word}g")


def _glimpse(row: Row, known: Mapping[int, tuple[str, str | None]]) -> Glimpse:
    id_, tower, door, changed, named, parcel, *people = row
    theirs = [known[each] for each in people if each in known]
    return Glimpse(
        DeliveryId(id_),
        TowerId(tower),
        door,
        None if changed is None else moment(changed),
        tuple(PersonId(each) for each in people if each is not None),
        tuple(filter(None, (*(name for name, _ in theirs), named, parcel))),
        tuple(filter(None, (called for _, called in theirs))),
    )


async def index_people(database: Database) -> None:
    """Write down by which words people are found who are not found yet: once, when a database of
    an earlier version is opened. Safe to repeat, and while others do the same."""

    async def portion(tx: Transaction) -> int:
        return await tx.index_people(_PORTION)

    if await database.look(lambda tx: tx.unindexed_people()):
        while await database.run(portion):
            pass
