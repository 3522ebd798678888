"""Who waits for a locker: the row is the wait, its state says whose turn it is."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.domain.ids import PersonId, TowerId
from bot.domain.waiting import LASTING, Wait, Waiting
from storage.connection import Subject, marks, unless_written
from storage.tables.rows import Rows, moment, stamp

WAITS = Rows(Wait)
_LAST = f"state in ({', '.join(repr(state.value) for state in Waiting if state in LASTING)})"
"""As the indexes have it."""
_ENDS = f"(case when state = '{Waiting.WAITING.value}' then until else turn_until end)"
_IN_ORDER = "order by since, id"


class Waits(Subject):
    """See `bot.ports.waits.Waits`."""

    async def _waits(self, rest: str, values: Sequence[Any] = ()) -> list[Wait]:
        return WAITS.read_all(
            await self._db.fetch_all(f"select {WAITS.listed()} from waits {rest}", values)
        )

    async def add_wait(self, wait: Wait) -> None:
        await self._db.execute(
            f"""insert into waits ({WAITS.listed()}) values ({marks(len(WAITS.columns))})
                on conflict (person, tower, size) where {_LAST} do nothing returning id""",
            WAITS.write(wait),
            check=unless_written("this person waits for that already"),
        )
        self.owed.waits = True

    async def save_wait(self, before: Wait, after: Wait) -> None:
        await self._db.execute(
            f"""update waits set {WAITS.assigned("id")} where id = ? and state = ?
                returning id""",
            (*WAITS.write(after, "id"), before.id, before.state),
            check=unless_written(f"a wait is no longer {before.state.value}"),
        )
        self.owed.waits = True

    async def drop_wait(self, wait: int) -> None:
        await self._db.execute("delete from waits where id = ?", (wait,))
        self.owed.waits = True

    async def wait(self, wait: int) -> Wait | None:
        found = await self._waits("where id = ?", (wait,))
        return found[0] if found else None

    async def waits_of(self, person: PersonId) -> list[Wait]:
        return await self._waits(f"where person = ? and {_LAST} {_IN_ORDER}", (person,))

    async def every_wait_of(self, person: PersonId) -> list[Wait]:
        return await self._waits(f"where person = ? {_IN_ORDER}", (person,))

    async def waits_at(self, towers: Sequence[TowerId]) -> list[Wait]:
        if not towers:
            return []
        there = f"tower in ({marks(len(towers))})"
        return await self._waits(f"where {there} and {_LAST} {_IN_ORDER}", towers)

    async def waited_at(self) -> list[TowerId]:
        rows = await self._db.fetch_all(
            f"select distinct tower from waits where {_LAST} order by tower"
        )
        return [TowerId(row[0]) for row in rows]

    async def waits_due(self, now: datetime, limit: int) -> list[Wait]:
        return await self._waits(
            f"where {_LAST} and {_ENDS} <= ? {_IN_ORDER} limit ?", (stamp(now), limit)
        )

    async def next_wait_end(self) -> datetime | None:
        row = await self._db.fetch_one(f"select min({_ENDS}) from waits where {_LAST}")
        return moment(row[0]) if row and row[0] is not None else None
