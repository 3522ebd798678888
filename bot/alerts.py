"""What operators are told without asking: once when it begins, once when it is over."""

from __future__ import annotations

from typing import Any

from bot.happening import tell_operators
from bot.model import Alert
from bot.ports import Clock, Database, Transaction
from bot.terms import Terms


class Alerts:
    """Raises and clears alerts, each in a transaction of its own."""

    def __init__(self, database: Database, clock: Clock, terms: Terms) -> None:
        self._database, self._clock, self._terms = database, clock, terms

    async def raise_once(self, key: str, **detail: Any) -> bool:
        """True when it is news."""

        async def step(tx: Transaction) -> bool:
            now = self._clock.now()
            if not await tx.raise_alert(Alert(key, now, detail=detail)):
                return False
            await tell_operators(tx, key, self._terms, now=now)
            return True

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

    async def standing(self, prefix: str) -> list[Alert]:
        """Those that stand and whose key begins with `prefix`."""
        alerts = await self._database.look(lambda tx: tx.alerts())
        return [alert for alert in alerts if alert.key.startswith(prefix)]

    async def _stands(self, key: str) -> bool:
        alert = await self._database.look(lambda tx: tx.alert(key))
        return alert is not None and alert.cleared_at is None
