"""Deliveries and their history."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEntry
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId
from bot.domain.lifecycle import ENDS, LIVE, State
from bot.ports.errors import Conflict
from storage.connection import Subject, chunks, marks, tuples
from storage.rows import Rows, moment, stamp

DELIVERIES = Rows(Delivery, remember=16_384)  # the watcher reads all live ones at every look
HISTORY = Rows(HistoryEntry)
_SELECT = f"select {DELIVERIES.listed()} from deliveries"


_ALL = 2**31 - 1
"""The limit of what has none, in both dialects."""


def _states(states: Iterable[State]) -> str:
    return ", ".join(sorted(f"'{state.value}'" for state in states))


_LIVE = f"state in ({_states(LIVE)})"
# As a second thought only: for the bare column SQLite would take the index on states, under which
# every delivery that ever ended is found, instead of the one on whatever else is asked for.
_ALSO_LIVE = f"coalesce(state, '') in ({_states(LIVE)})"
_ALSO_ENDED = f"coalesce(state, '') in ({_states(ENDS)})"


class Deliveries(Subject):
    """See `bot.ports.Transaction`, "deliveries"."""

    async def _deliveries(self, rest: str, values: Sequence[Any] = ()) -> list[Delivery]:
        return DELIVERIES.read_all(await self._db.fetch_all(f"{_SELECT} {rest}", values))

    async def delivery(self, delivery: DeliveryId) -> Delivery | None:
        row = await self._db.fetch_one(f"{_SELECT} where id = ?", (delivery,))
        return DELIVERIES.read(row) if row else None

    async def deliveries(self, ids: Sequence[DeliveryId]) -> list[Delivery]:
        """Those that exist, in the order asked for."""
        found: dict[DeliveryId, Delivery] = {}
        for some in chunks(list(dict.fromkeys(ids))):
            rows = await self._deliveries(f"where id in ({marks(len(some))})", some)
            found |= {delivery.id: delivery for delivery in rows}
        return [found[each] for each in ids if each in found]

    async def add_delivery(self, delivery: Delivery) -> Delivery:
        saved = replace(delivery, version=delivery.version + 1)
        row = await self._db.fetch_one(
            f"""insert into deliveries ({DELIVERIES.listed()})
                values ({marks(len(DELIVERIES.columns))})
                on conflict (id) do nothing returning version""",
            DELIVERIES.write(saved),
        )
        if row is None:
            raise Conflict(f"there is a delivery {delivery.id} already")
        return saved

    async def save_delivery(self, delivery: Delivery) -> Delivery:
        saved = replace(delivery, version=delivery.version + 1)
        row = await self._db.fetch_one(
            f"""update deliveries set {DELIVERIES.assigned("id")}
                where id = ? and version = ? returning version""",
            (*DELIVERIES.write(saved, "id"), delivery.id, delivery.version),
        )
        if row is None:
            raise Conflict(f"delivery {delivery.id} is no longer at {delivery.version}")
        return saved

    async def deliveries_of(
        self, person: PersonId, *, live: bool, limit: int | None = None, offset: int = 0
    ) -> list[Delivery]:
        return await self._deliveries(
            f"""where (sender = ? or recipient = ?) and {_ALSO_LIVE if live else _ALSO_ENDED}
                order by changed_at desc nulls last, id limit ? offset ?""",
            (person, person, _ALL if limit is None else limit, offset),
        )

    async def live_deliveries(self) -> list[Delivery]:
        return await self._deliveries(f"where {_LIVE}")

    async def live_at(self, tower: TowerId, locker: LockerId) -> list[Delivery]:
        return await self._deliveries(
            f"where tower = ? and (locker = ? or candidate = ?) and {_ALSO_LIVE} order by id",
            (tower, locker, locker),
        )

    async def doors_reported(self, limit: int) -> list[Delivery]:
        return await self._deliveries(
            f"""where door_reports > 0 and {_ALSO_LIVE}
                order by changed_at desc nulls last, id limit ?""",
            (limit,),
        )

    async def deliveries_at(
        self, lockers: Sequence[tuple[TowerId, LockerId]], since: datetime
    ) -> list[Delivery]:
        found: dict[DeliveryId, Delivery] = {}
        for some in chunks(list(dict.fromkeys(lockers))):
            places = [part for place in some for part in place]
            for column in ("locker", "candidate"):
                rows = await self._deliveries(
                    f"""where (tower, {column}) in (values {tuples(len(some), 2)})
                        and {column} is not null and {_ALSO_ENDED} and changed_at > ?""",
                    (*places, stamp(since)),
                )
                found |= {delivery.id: delivery for delivery in rows}
        return sorted(found.values(), key=lambda each: each.changed_at or since, reverse=True)

    async def deliveries_wanting(self, now: datetime, limit: int) -> list[Delivery]:
        return await self._deliveries(
            "where want is not null and want_due <= ? order by want_due, id limit ?",
            (stamp(now), limit),
        )

    async def deliveries_due(self, now: datetime, limit: int) -> list[Delivery]:
        return await self._deliveries(
            "where deadline_at is not null and deadline_at <= ? order by deadline_at, id limit ?",
            (stamp(now), limit),
        )

    async def next_want(self) -> datetime | None:
        return await self._earliest("want_due", "want")

    async def next_deadline(self) -> datetime | None:
        return await self._earliest("deadline_at", "deadline_at")

    async def _earliest(self, due: str, wish: str) -> datetime | None:
        row = await self._db.fetch_one(
            f"select min({due}) from deliveries where {wish} is not null"
        )
        return moment(row[0]) if row and row[0] is not None else None

    async def record(self, moment: HistoryEntry) -> None:
        await self._db.execute(
            f"""insert into history (number, {HISTORY.listed()})
                select coalesce(max(number), 0) + 1, {marks(len(HISTORY.columns))}
                from history where delivery = ?""",
            (*HISTORY.write(moment), moment.delivery),
        )

    async def history(self, delivery: DeliveryId) -> list[HistoryEntry]:
        return HISTORY.read_all(
            await self._db.fetch_all(
                f"select {HISTORY.listed()} from history where delivery = ? order by number",
                (delivery,),
            )
        )

    async def recent_towers(self, person: PersonId, limit: int) -> list[TowerId]:
        rows = await self._db.fetch_all(
            """select tower from deliveries where sender = ?
               group by tower order by coalesce(max(created_at), 0) desc, tower limit ?""",
            (person, limit),
        )
        return [TowerId(tower) for (tower,) in rows]
