"""Counts of what has happened, and samples of free doors."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bot.domain.figures import NO_ZONE, Collected, Doors, Seen, Week
from bot.domain.ids import TowerId
from storage.connection import Subject, chunks, tuples
from storage.tables.records import at_towers
from storage.tables.rows import moment, stamp

_MICROSECOND = timedelta(microseconds=1)
_ZONE = f"coalesce(t.zone, '{NO_ZONE}')"
_AT_TOWER = "left join towers as t on t.id = d.tower"
_LAY_SINCE = "coalesce(d.occupied_at, d.reported_at)"
_LAY = f"case when d.collected_at > {_LAY_SINCE} then d.collected_at - {_LAY_SINCE} else 0 end"
"""A push may tell of the door a moment later than a person has."""


class Figures(Subject):
    """See `bot.ports.figures.Figures`."""

    async def first_booking(self) -> datetime | None:
        row = await self._db.fetch_one("select min(created_at) from deliveries")
        return moment(row[0]) if row and row[0] is not None else None

    async def booked_by_day(
        self, week: Week, towers: Collection[TowerId] | None
    ) -> Mapping[int, int]:
        day, values = _day("d.created_at", week)
        rows = await self._db.fetch_all(
            f"""select {day}, count(*) from deliveries as d {_AT_TOWER}
                where d.created_at >= ? and d.created_at < ? and d.successor is null
                {at_towers(towers)} group by 1""",
            (*values, stamp(week.since), stamp(week.until), *(towers or ())),
        )
        return {number: count for number, count in rows if number is not None}

    async def collected_by_day(
        self, week: Week, towers: Collection[TowerId] | None
    ) -> Mapping[int, Collected]:
        day, values = _day("d.collected_at", week)
        rows = await self._db.fetch_all(
            f"""select {day}, count(*), count({_LAY_SINCE}),
                    cast(coalesce(sum(case when {_LAY_SINCE} is not null then {_LAY} end), 0)
                         as bigint)
                from deliveries as d {_AT_TOWER}
                where d.collected_at >= ? and d.collected_at < ?
                    and d.taken_back = 0 and d.fetcher is null {at_towers(towers)} group by 1""",
            (*values, stamp(week.since), stamp(week.until), *(towers or ())),
        )
        return {
            number: Collected(count, timed, waited * _MICROSECOND)
            for number, count, timed, waited in rows
            if number is not None
        }

    async def note_doors(self, hour: datetime, seen: Mapping[TowerId, Doors]) -> None:
        noted = [(stamp(hour), tower, x.free, x.doors) for tower, x in seen.items()]
        for some in chunks(noted):
            await self._db.execute(
                f"""insert into free_doors (at, tower, free, doors) values {tuples(len(some), 4)}
                    on conflict (at, tower) do nothing""",
                [value for row in some for value in row],
            )

    async def towers_noted(self, hour: datetime) -> Collection[TowerId]:
        rows = await self._db.fetch_all("select tower from free_doors where at = ?", (stamp(hour),))
        return {TowerId(tower) for (tower,) in rows}

    async def doors_by_hour(self, week: Week, towers: Collection[TowerId] | None) -> list[Seen]:
        rows = await self._db.fetch_all(
            f"""select d.at, {_ZONE}, cast(sum(d.free) as bigint), cast(sum(d.doors) as bigint)
                from free_doors as d {_AT_TOWER}
                where d.at >= ? and d.at < ? {at_towers(towers)} group by 1, 2 order by 1, 2""",
            (stamp(week.since), stamp(week.until), *(towers or ())),
        )
        return [Seen(moment(at), zone, Doors(free, doors)) for at, zone, free, doors in rows]


def _day(column: str, week: Week) -> tuple[str, list[str | int]]:
    """SQL for the number of the day in the tower's zone, null for a moment in none of them; and its
    values."""
    sql, values = [f"case {_ZONE}"], list[str | int]()
    for zone, (since, *ends) in week.starts.items():
        numbered = " ".join(f"when {column} < ? then {number}" for number in range(len(ends)))
        sql.append(f"when ? then case when {column} < ? then null {numbered} end")
        values += [zone, stamp(since), *map(stamp, ends)]
    return " ".join([*sql, "end"]), values
