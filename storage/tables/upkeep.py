"""Remembered towers, counts and pruning: what keeps the house, not what it is for."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any

from bot.domain.ids import TowerId
from bot.domain.tower import Hours, Tower
from bot.ports.upkeep import Counts
from storage.connection import chunks, tuples
from storage.tables.browsers import Browsers
from storage.tables.cards import OWED
from storage.tables.rows import Codec, Rows, document, moment, stamp


def _written_hours(hours: Any) -> str:
    spans = {
        day: [(at.start.isoformat(), at.end.isoformat()) for at in hours[day]] for day in hours
    }
    return document(spans)


@lru_cache(maxsize=1000)
def _read_hours(written: str) -> Mapping[int, tuple[Hours, ...]]:
    """Read for every tower whenever towers are, and as good as never changed."""
    return {
        int(day): tuple(Hours(*map(time.fromisoformat, span)) for span in spans)
        for day, spans in json.loads(written).items()
    }


TOWERS = Rows(Tower, hours=Codec(_written_hours, _read_hours))

_FARTHEST = timedelta(seconds=5)
_PRUNED = (
    ("updates", "id", "handled_at"),
    ("alerts", "key", "cleared_at"),
    ("wrong_tries", "at", "at"),
    ("vouched", "at", "at"),
    ("free_doors", "at", "at"),
    ("waits", "id", "turn_until is null and until"),
    ("cards", "id", "message is null and wanted <= shown and run_at"),
)


class Upkeep(Browsers):
    """See `bot.ports.upkeep.Upkeep`."""

    async def save_towers(self, towers: Sequence[Tower]) -> None:
        """These and no others, in this order."""
        await self._db.execute("delete from towers")
        placed = [[place, *TOWERS.write(tower)] for place, tower in enumerate(towers)]
        for some in chunks(placed):
            await self._db.execute(
                f"""insert into towers (place, {TOWERS.listed()})
                    values {tuples(len(some), len(some[0]))}""",
                [value for row in some for value in row],
            )

    async def towers(self) -> list[Tower]:
        return TOWERS.read_all(
            await self._db.fetch_all(f"select {TOWERS.listed()} from towers order by place")
        )

    async def tower(self, tower: TowerId) -> Tower | None:
        row = await self._db.fetch_one(
            f"select {TOWERS.listed()} from towers where id = ?", (tower,)
        )
        return TOWERS.read(row) if row else None

    async def counts(self, *, deliveries: bool = True) -> Counts:
        states = "select 'deliveries', state, count(*) from deliveries group by state union all"
        rows = await self._db.fetch_all(
            f"""{states if deliveries else ""} select 'cards', '', count(*) from cards where {OWED}
               union all select 'requests', '', count(*) from deliveries
                         where request_id is not null
               union all select 'oldest', 'card', min(owed_since) from cards
                         join people on people.id = cards.chat and people.reachable = 1
                         where {OWED}
               union all select 'oldest', 'request', min(asked_at) from deliveries
                         where request_id is not null"""
        )
        found: dict[str, dict[str, Any]] = {
            kind: {} for kind in ("deliveries", "cards", "requests", "oldest")
        }
        for kind, state, count in rows:
            found[kind][state] = count
        since = {what: at and moment(at) for what, at in found["oldest"].items()}
        return Counts(
            found["deliveries"],
            found["cards"][""],
            found["requests"][""],
            card_owed_since=since["card"],
            request_asked_at=since["request"],
        )

    async def take_share(self, name: str, span: timedelta, *, now: datetime) -> datetime:
        # Never further ahead than a few seconds, even if a process's clock was set back.
        first, last = stamp(now), stamp(now + _FARTHEST)
        wanted = span // timedelta(microseconds=1)
        row = await self._db.fetch_one(
            """insert into shares (name, full_at) values (?, ?)
               on conflict (name) do update set full_at = ? +
                   case when shares.full_at < ? then ? when shares.full_at > ? then ?
                        else shares.full_at end
               returning full_at""",
            (name, first + wanted, wanted, first, first, last, last),
        )
        assert row is not None
        return moment(row[0])

    async def prune(self, before: datetime, limit: int) -> int:
        pruned = 0
        for table, key, over in _PRUNED:
            rows = await self._db.fetch_all(
                f"""delete from {table} where {key} in (
                        select {key} from {table} where {over} < ? limit ?
                    ) returning 1""",
                (stamp(before), limit),
            )
            pruned += len(rows)
        return pruned + await self.prune_browsers(before, limit)
