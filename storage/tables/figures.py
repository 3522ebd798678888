"""Counts of what has happened, and samples of free doors."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from bot.domain.figures import Collected, Doors, Seen, Week, Zoned
from bot.domain.ids import TowerId
from storage.connection import Subject, chunks, marks, tuples
from storage.tables.rows import moment, stamp

_TOWERS = 500
"""How many are named in a statement, once for each day."""
_MICROSECOND = timedelta(microseconds=1)
_SINCE = "coalesce(occupied_at, reported_at)"
_LAY = f"case when collected_at > {_SINCE} then collected_at - {_SINCE} end"
"""Nothing where it is not known, or a push has told of the door later than a person has."""
_BOOKED = """select {number}, count(*) from deliveries
             where tower in ({towers}) and created_at >= ? and created_at < ?
                 and successor is null"""
_COLLECTED = f"""select {{number}}, count(*), count({_SINCE}),
                     cast(coalesce(sum({_LAY}), 0) as bigint)
                 from deliveries
                 where tower in ({{towers}}) and collected_at >= ? and collected_at < ?
                     and collected_at is not null and taken_back = 0 and fetcher is null"""
"""As the indexes have it."""


class Figures(Subject):
    """See `bot.ports.figures.Figures`."""

    async def first_booking(self) -> datetime | None:
        row = await self._db.fetch_one("select min(created_at) from deliveries")
        return moment(row[0]) if row and row[0] is not None else None

    async def booked_by_day(self, week: Week, towers: Zoned) -> Mapping[int, int]:
        booked = Counter[int]()
        for number, count in await self._by_day(_BOOKED, week, towers):
            booked[number] += count
        return +booked

    async def collected_by_day(self, week: Week, towers: Zoned) -> Mapping[int, Collected]:
        collected: dict[int, Collected] = {}
        for number, count, timed, lay in await self._by_day(_COLLECTED, week, towers):
            if count:
                more = Collected(count, timed, lay * _MICROSECOND)
                collected[number] = collected.get(number, Collected()) + more
        return collected

    async def _by_day(self, one_day: str, week: Week, towers: Zoned) -> list[Any]:
        """A row for each day and so many towers of a zone; days are counted one by one, which needs
        neither a calendar in SQL nor anything sorted."""
        found = []
        for zone, some in _some(towers):
            days = pairwise(map(stamp, week.starts[zone]))
            told = [(number, values) for number, values in enumerate(days)]
            listed = marks(len(some))
            sql = " union all ".join(one_day.format(number=n, towers=listed) for n, _ in told)
            values = [value for _, span in told for value in (*some, *span)]
            found.append(self._db.fetch_all(sql, values))
        return [row for rows in await asyncio.gather(*found) for row in rows]

    async def note_doors(self, hour: datetime, seen: Mapping[TowerId, Doors]) -> None:
        noted = [(tower, stamp(hour), x.free, x.doors) for tower, x in seen.items()]
        for some in chunks(noted):
            await self._db.execute(
                f"""insert into free_doors (tower, at, free, doors) values {tuples(len(some), 4)}
                    on conflict (tower, at) do nothing""",
                [value for row in some for value in row],
            )

    async def towers_noted(self, hour: datetime) -> Collection[TowerId]:
        rows = await self._db.fetch_all("select tower from free_doors where at = ?", (stamp(hour),))
        return {TowerId(tower) for (tower,) in rows}

    async def doors_by_hour(self, week: Week, towers: Zoned) -> list[Seen]:
        seen = []
        for zone, some in _some(towers):
            first, *_, end = map(stamp, week.starts[zone])
            rows = await self._db.fetch_all(
                f"""select at, cast(sum(free) as bigint), cast(sum(doors) as bigint)
                    from free_doors where tower in ({marks(len(some))}) and at >= ? and at < ?
                    group by at order by at""",
                (*some, first, end),
            )
            seen += [Seen(moment(at), zone, Doors(free, doors)) for at, free, doors in rows]
        return seen


def _some(towers: Zoned) -> Iterator[tuple[str, Sequence[TowerId]]]:
    """So many towers of a zone as one statement can name."""
    for zone, there in towers.items():
        for some in chunks(there, _TOWERS):
            yield zone, some
