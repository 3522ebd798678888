"""Towers and doors that are left out of booking, and those that were."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from datetime import datetime

from bot.domain.closures import Closure
from bot.domain.history import HistoryEvent
from bot.domain.ids import LockerId, PersonId, TowerId
from storage.connection import Subject, marks
from storage.tables.rows import Rows, moment, stamp

CLOSURES = Rows(Closure)
_SELECT = f"select {CLOSURES.listed()} from closures"


class Closures(Subject):
    """See `bot.ports.closures.Closures`."""

    async def close(self, closure: Closure) -> bool:
        row = await self._db.fetch_one(
            f"""insert into closures ({CLOSURES.listed()})
                values ({marks(len(CLOSURES.columns))})
                on conflict do nothing returning id""",
            CLOSURES.write(closure),
        )
        return row is not None

    async def reopen(self, closure: int, at: datetime, by: PersonId) -> bool:
        row = await self._db.fetch_one(
            """update closures set ended_at = ?, ended_by = ?,
                   words = case when by is null then null else words end
               where id = ? and ended_at is null returning id""",
            (stamp(at), by, closure),
        )
        return row is not None

    async def closures(self) -> list[Closure]:
        return CLOSURES.read_all(
            await self._db.fetch_all(f"{_SELECT} where ended_at is null order by at, id")
        )

    async def closures_at(self, tower: TowerId, limit: int) -> list[Closure]:
        return CLOSURES.read_all(
            await self._db.fetch_all(
                f"{_SELECT} where tower = ? and locker is null order by at desc, id limit ?",
                (tower, limit),
            )
        )

    async def closures_of(self, operator: PersonId) -> list[Closure]:
        return CLOSURES.read_all(
            await self._db.fetch_all(
                f"{_SELECT} where by = ? or ended_by = ? order by at, id", (operator, operator)
            )
        )

    async def door_closed(self, tower: TowerId, locker: LockerId) -> Closure | None:
        row = await self._db.fetch_one(
            f"{_SELECT} where tower = ? and coalesce(locker, 0) = ? and ended_at is null",
            (tower, locker),
        )
        return CLOSURES.read(row) if row else None

    async def door_reopened(self, tower: TowerId, locker: LockerId) -> datetime | None:
        row = await self._db.fetch_one(
            "select max(ended_at) from closures where tower = ? and locker = ?", (tower, locker)
        )
        return moment(row[0]) if row and row[0] is not None else None

    async def door_reporters(self, tower: TowerId, locker: LockerId, since: datetime) -> int:
        row = await self._db.fetch_one(
            """select count(distinct history.by) from history
               join deliveries on deliveries.id = history.delivery
               where history.at > ? and history.event = ?
                   and deliveries.tower = ? and deliveries.locker = ?""",
            (stamp(since), HistoryEvent.DOOR_DID_NOT_OPEN.value, tower, locker),
        )
        assert row is not None
        return int(row[0])
