"""Lockers that are ours at Harbor and that no delivery here knows of: orphans.

Guarantees: the operators are told once of each, by its door's name, and once when it is accounted
for again; not of one that is on its way back already; one is given back only when an operator wants
it, and Harbor's refusal is told; one with a parcel inside is not given back, for an operator to
fetch it out.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from bot.domain.alerts import Alert, AlertKind, orphan, orphan_key
from bot.domain.observations import Door
from bot.domain.tower import Locker, LockerStatus
from bot.ports.clock import Clock
from bot.ports.errors import EdgeError, Refused
from bot.ports.lockers import Lockers
from bot.workers.alerts import Alerts

log = structlog.get_logger()

_LEFT_ALONE = frozenset({LockerStatus.DECLINED, LockerStatus.OCCUPIED})
"""On its way back already; and what holds a parcel."""


class Reconciler:
    """See the module."""

    def __init__(self, lockers: Lockers, alerts: Alerts, clock: Clock) -> None:
        self._lockers, self._alerts, self._clock = lockers, alerts, clock

    async def report(self, orphans: Mapping[Door, Locker], standing: list[Alert]) -> None:
        """These and no others are orphans now; `standing` are the alerts until now."""
        found = {orphan_key(*door): locker for door, locker in orphans.items()}
        told = {alert.key: alert for alert in standing if alert.kind is AlertKind.ORPHAN}
        for key in told.keys() - found.keys():
            await self._alerts.end(key)
        for key, locker in found.items():
            if key in told:
                await self._follow(told[key], locker)
            elif locker.status is not LockerStatus.DECLINED:
                await self._alerts.raise_once(orphan(self._clock.now(), locker))

    async def _follow(self, alert: Alert, locker: Locker) -> None:
        """What is known of it now; and given back, if an operator wants that."""
        if (alert.status, alert.locker_name) != (locker.status, locker.name):
            await self._alerts.amend(
                alert.key, status=locker.status, locker_name=locker.name, refused=False
            )
        if alert.release and locker.status is LockerStatus.OCCUPIED:
            await self._alerts.amend(alert.key, ring=True, release=False)
        elif alert.release and locker.status not in _LEFT_ALONE:
            await self._give_back(alert, locker)

    async def _give_back(self, alert: Alert, locker: Locker) -> None:
        try:
            await self._lockers.release(locker.tower, locker.id)
        except Refused as error:
            log.warning("orphan_refused", tower=locker.tower, locker=locker.id, why=str(error))
            await self._alerts.amend(alert.key, ring=True, release=False, refused=True)
        except EdgeError as error:
            log.info(
                "orphan_not_given_back_yet", tower=locker.tower, locker=locker.id, why=str(error)
            )
