"""Alerts that the workers raise and clear, each in a transaction of its own."""

from __future__ import annotations

from typing import Any

from bot.domain.alerts import Alert
from bot.domain.policy import Policy
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.usecases.alerts import raise_alert
from bot.usecases.cards import tell_operators


class Alerts:
    """Raises and clears alerts, each in a transaction of its own."""

    def __init__(self, database: Database, clock: Clock, policy: Policy) -> None:
        self._database, self._clock, self._policy = database, clock, policy

    async def raise_once(self, key: str, **detail: Any) -> bool:
        """True when it is news."""

        async def step(tx: Transaction) -> bool:
            return await raise_alert(tx, key, self._policy, now=self._clock.now(), **detail)

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
            await tell_operators(tx, key, self._policy, now=now)
            return True

        return await self._database.run(step)

    async def amend(self, alert: Alert) -> None:
        """What is known of a standing alert has changed: said again."""

        async def step(tx: Transaction) -> None:
            await tx.save_alert(alert)
            await tell_operators(tx, alert.key, self._policy, now=self._clock.now())

        await self._database.run(step)

    async def standing(self) -> list[Alert]:
        """Those that stand."""
        return await self._database.look(lambda tx: tx.alerts(), one_statement=True)

    async def _stands(self, key: str) -> bool:
        alert = await self._database.look(lambda tx: tx.alert(key))
        return alert is not None and alert.cleared_at is None
