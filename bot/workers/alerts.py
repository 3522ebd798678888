"""Alerts that the workers raise and end, each in a transaction of its own."""

from __future__ import annotations

from typing import Any

from bot.domain.alerts import Alert
from bot.domain.policy import Policy
from bot.ports.clock import Clock
from bot.ports.database import Database
from bot.usecases.alerts import amend_alert, end_alert, raise_alert


class Alerts:
    """Raises and ends alerts, each in a transaction of its own."""

    def __init__(self, database: Database, clock: Clock, policy: Policy) -> None:
        self._database, self._clock, self._policy = database, clock, policy

    async def raise_once(self, alert: Alert) -> bool:
        """True when it is news."""
        if await self._stands(alert.key):
            return False
        return await self._database.run(lambda tx: raise_alert(tx, alert, self._policy))

    async def end(self, key: str) -> bool:
        """True when it stood until now."""
        if not await self._stands(key):
            return False
        now = self._clock.now()
        return await self._database.run(lambda tx: end_alert(tx, key, self._policy, now=now))

    async def amend(self, key: str, *, ring: bool = False, **changes: Any) -> None:
        """Change fields of an alert, if it stands; see `bot.usecases.alerts.amend_alert`."""
        now = self._clock.now()
        await self._database.run(
            lambda tx: amend_alert(tx, key, self._policy, now=now, ring=ring, **changes)
        )

    async def standing(self) -> list[Alert]:
        """Those that stand."""
        return await self._database.look(lambda tx: tx.alerts(), one_statement=True)

    async def _stands(self, key: str) -> bool:
        alert = await self._database.look(lambda tx: tx.alert(key))
        return alert is not None and alert.stands
