"""Lockers that a delivery of ours has asked for, as far as nothing shows that they have left us."""

# ruff: noqa: S608 - what is put into SQL here is a number of rows; values are parameters

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.ids import DeliveryId, LockerId, TowerId
from bot.domain.observations import Door
from storage.connection import Subject, chunks, tuples
from storage.tables.rows import stamp


class Vouched(Subject):
    """See `bot.ports.vouched.Vouched`."""

    async def vouch(
        self, tower: TowerId, locker: LockerId, delivery: DeliveryId, at: datetime
    ) -> None:
        await self._db.execute(
            """insert into vouched (tower, locker, delivery, at) values (?, ?, ?, ?)
               on conflict (tower, locker) do update
               set delivery = excluded.delivery, at = excluded.at""",
            (tower, locker, delivery, stamp(at)),
        )

    async def no_longer_vouch(self, tower: TowerId, locker: LockerId) -> None:
        await self._db.execute(
            "delete from vouched where tower = ? and locker = ?", (tower, locker)
        )

    async def all_vouched(self) -> list[Door]:
        rows = await self._db.fetch_all("select tower, locker from vouched order by tower, locker")
        return [(TowerId(tower), LockerId(locker)) for tower, locker in rows]

    async def vouched(self, doors: Sequence[Door]) -> Mapping[Door, DeliveryId]:
        found: dict[Door, DeliveryId] = {}
        for some in chunks(list(doors)):
            rows = await self._db.fetch_all(
                f"""select tower, locker, delivery from vouched
                    where (tower, locker) in (values {tuples(len(some), 2)})""",
                [part for door in some for part in door],
            )
            found |= {(TowerId(tower), LockerId(at)): DeliveryId(of) for tower, at, of in rows}
        return found
