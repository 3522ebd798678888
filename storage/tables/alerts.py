"""Alerts: a row for each thing that operators are told, while it stands and a while after."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.domain.alerts import Alert, AlertKind
from bot.domain.ids import DeliveryId, PersonId
from storage.connection import Subject, marks
from storage.tables.rows import Rows, stamp

ALERTS = Rows(Alert)
_INSERT = f"""insert into alerts ({ALERTS.listed()}) values ({marks(len(ALERTS.columns))})
              on conflict (key) do update set {ALERTS.excluded("key")}"""


class Alerts(Subject):
    """See `bot.ports.alerts.Alerts`."""

    async def raise_alert(self, alert: Alert) -> bool:
        row = await self._db.fetch_one(
            f"{_INSERT} where alerts.cleared_at is not null returning key", ALERTS.write(alert)
        )
        return row is not None

    async def save_alert(self, alert: Alert) -> None:
        await self._db.execute(_INSERT, ALERTS.write(alert))

    async def clear_alert(self, key: str, at: datetime) -> bool:
        row = await self._db.fetch_one(
            """update alerts set cleared_at = ? where key = ? and cleared_at is null
               returning key""",
            (stamp(at), key),
        )
        return row is not None

    async def alert(self, key: str) -> Alert | None:
        row = await self._db.fetch_one(
            f"select {ALERTS.listed()} from alerts where key = ?", (key,)
        )
        return ALERTS.read(row) if row else None

    async def alerts(self) -> list[Alert]:
        return await self._standing("")

    async def alerts_over(self, kind: AlertKind, limit: int) -> list[Alert]:
        return ALERTS.read_all(
            await self._db.fetch_all(
                f"""select {ALERTS.listed()} from alerts
                    where cleared_at is not null and kind = ?
                    order by cleared_at desc, key limit ?""",
                (kind, limit),
            )
        )

    async def alerts_about(self, delivery: DeliveryId) -> list[Alert]:
        return await self._standing("and delivery = ?", (delivery,))

    async def alerts_of(self, person: PersonId) -> list[Alert]:
        return ALERTS.read_all(
            await self._db.fetch_all(
                f"""select {ALERTS.listed()} from alerts
                    where person = ? or seen_by = ? or owner = ? or delivery in
                        (select id from deliveries where sender = ? or recipient = ?)
                    order by raised_at, key""",
                (person,) * 5,
            )
        )

    async def alerts_run_out(self, now: datetime) -> list[Alert]:
        return await self._standing("and ends_at <= ?", (stamp(now),))

    async def _standing(self, which: str, values: Sequence[Any] = ()) -> list[Alert]:
        return ALERTS.read_all(
            await self._db.fetch_all(
                f"""select {ALERTS.listed()} from alerts where cleared_at is null {which}
                    order by raised_at, key""",
                values,
            )
        )
