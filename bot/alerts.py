"""What operators are told without asking: once when it begins, once when it is over."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from bot.happening import tell_operators
from bot.model import Alert, Delivery
from bot.ports import Clock, Database, Transaction
from bot.terms import Terms

_ABOUT_WHAT_LASTS = ("odd", "door", "overdue")
"""Kinds of alert that are over once their delivery is."""


async def raise_alert(
    tx: Transaction, key: str, terms: Terms, *, now: datetime, **detail: Any
) -> bool:
    """Raise an alert in the caller's transaction; True when it is news."""
    if not await tx.raise_alert(Alert(key, now, detail=detail)):
        return False
    await tell_operators(tx, key, terms, now=now)
    return True


async def settle_alerts(
    tx: Transaction,
    delivery: Delivery,
    terms: Terms,
    *,
    now: datetime,
    kinds: Collection[str] = _ABOUT_WHAT_LASTS,
) -> None:
    """What was alarming about the delivery is over (with the delivery itself, usually)."""
    for alert in await tx.alerts():
        kind = alert.key.partition(":")[0]
        if kind in kinds and alert.detail.get("delivery") == delivery.id:
            await tx.clear_alert(alert.key, now)
            await tell_operators(tx, alert.key, terms, now=now)


class Alerts:
    """Raises and clears alerts, each in a transaction of its own."""

    def __init__(self, database: Database, clock: Clock, terms: Terms) -> None:
        self._database, self._clock, self._terms = database, clock, terms

    async def raise_once(self, key: str, **detail: Any) -> bool:
        """True when it is news."""

        async def step(tx: Transaction) -> bool:
            return await raise_alert(tx, key, self._terms, now=self._clock.now(), **detail)

        if await self._stands(key):
            return False
        return await self._database.run(step)

    async def clear(self, key: str) -> bool:
        """True when it stood until now."""
        if not await self._stands(key):
            return False

        async def step(tx: Transaction) -> bool:
            now = self._clock.now()
            if not await tx.clear_alert(key, now):
                return False
            await tell_operators(tx, key, self._terms, now=now)
            return True

        return await self._database.run(step)

    async def amend(self, alert: Alert) -> None:
        """What is known of a standing alert has changed: said again."""

        async def step(tx: Transaction) -> None:
            await tx.save_alert(alert)
            await tell_operators(tx, alert.key, self._terms, now=self._clock.now())

        await self._database.run(step)

    async def standing(self) -> list[Alert]:
        """Those that stand."""
        return await self._database.look(lambda tx: tx.alerts())

    async def _stands(self, key: str) -> bool:
        alert = await self._database.look(lambda tx: tx.alert(key))
        return alert is not None and alert.cleared_at is None
