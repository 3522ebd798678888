"""Records of a period, portion by portion: what operators take away."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from bot.domain.ids import TowerId
from bot.domain.records import DeliveryRecord, EventRecord, Period
from storage.connection import Subject, marks
from storage.tables.rows import Rows, stamp

_DELIVERIES = Rows(DeliveryRecord, without=("tower_name", "sender_name", "recipient_name"))
_EVENTS = Rows(EventRecord, without=("tower", "locker_name"))
_SELECT_DELIVERIES = f"""select {_DELIVERIES.listed("d")}, towers.name, sender.name,
                             coalesce(recipient.name, d.recipient_name)
                         from deliveries as d
                         left join towers on towers.id = d.tower
                         left join people as sender on sender.id = d.sender
                         left join people as recipient on recipient.id = d.recipient"""
_SELECT_EVENTS = f"""select {_EVENTS.listed("h")}, d.tower, d.locker_name
                     from history as h join deliveries as d on d.id = h.delivery"""


class Records(Subject):
    """See `bot.ports.records.Records`."""

    async def delivery_records(
        self,
        period: Period,
        towers: Collection[TowerId] | None,
        after: DeliveryRecord | None,
        limit: int,
    ) -> list[DeliveryRecord]:
        since, beyond, values = period.since, "", []
        if after is not None:
            since, beyond = after.created_at, "and (d.created_at, d.id) > (?, ?)"
            values = [stamp(after.created_at), after.id]
        rows = await self._db.fetch_all(
            f"""{_SELECT_DELIVERIES} where d.created_at >= ? and d.created_at < ? {beyond}
                {_at(towers)} order by d.created_at, d.id limit ?""",
            (stamp(since), stamp(period.until), *values, *(towers or ()), limit),
        )
        return _DELIVERIES.read_all(rows)

    async def event_records(
        self,
        period: Period,
        towers: Collection[TowerId] | None,
        after: EventRecord | None,
        limit: int,
    ) -> list[EventRecord]:
        since, beyond, values = period.since, "", list[Any]()
        if after is not None:
            since, beyond = after.at, "and (h.at, h.delivery, h.number) > (?, ?, ?)"
            values = [stamp(after.at), after.delivery, after.number]
        rows: Sequence[Any] = await self._db.fetch_all(
            f"""{_SELECT_EVENTS} where h.at >= ? and h.at < ? {beyond}
                {_at(towers)} order by h.at, h.delivery, h.number limit ?""",
            (stamp(since), stamp(period.until), *values, *(towers or ()), limit),
        )
        return _EVENTS.read_all(rows)


def _at(towers: Collection[TowerId] | None) -> str:
    """SQL: only at these towers; at none, where there are none."""
    if towers is None:
        return ""
    return f"and d.tower in ({marks(len(towers))})" if towers else "and 1 = 0"
