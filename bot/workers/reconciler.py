"""Lockers that are ours at Harbor and that no delivery here knows of: orphans.

Guarantees: the operators are told once of each, by its door's name, and once when it is accounted
for again; not of one that is on its way back already. One is given back when an operator wants it,
and Harbor's refusal is told; by itself only where our own records show that we asked for it, and
after a grace; one with a parcel inside never, for an operator to fetch it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.domain.alerts import Alert, AlertKind, orphan, orphan_detail, orphan_key
from bot.domain.observations import Door
from bot.domain.policy import Policy
from bot.domain.tower import HELD, LockerStatus
from bot.ports.clock import Clock
from bot.ports.database import Database
from bot.ports.errors import EdgeError, NotOffered, Refused
from bot.ports.lockers import Lockers
from bot.usecases.vouching import Stray
from bot.workers.alerts import Alerts

log = structlog.get_logger()

_LEFT_ALONE = frozenset({LockerStatus.DECLINED, LockerStatus.OCCUPIED})
"""On its way back already; and what holds a parcel."""


class Reconciler:
    """See the module."""

    def __init__(
        self,
        database: Database,
        lockers: Lockers,
        alerts: Alerts,
        clock: Clock,
        policy: Policy,
    ) -> None:
        self._database, self._lockers, self._clock, self._policy = database, lockers, clock, policy
        self._alerts = alerts

    async def report(self, orphans: Mapping[Door, Stray], standing: list[Alert]) -> None:
        """These and no others are orphans now; `standing` are the alerts until now."""
        found = {orphan_key(*door): stray for door, stray in orphans.items()}
        told = {alert.key: alert for alert in standing if alert.kind is AlertKind.ORPHAN}
        for key in told.keys() - found.keys():
            await self._alerts.end(key)
        for key, stray in found.items():
            if key in told:
                await self._follow(told[key], stray)
            elif stray.locker.status is not LockerStatus.DECLINED:
                last = stray.last.id if stray.last is not None else None
                now = self._clock.now()
                await self._alerts.raise_once(
                    orphan(now, stray.locker, last=last, asked=stray.asked)
                )

    async def _follow(self, alert: Alert, stray: Stray) -> None:
        """What is known of it now; and given back, if an operator wants that, or if it is known to
        be ours for so long."""
        locker = stray.locker
        if (alert.status, alert.locker_name) != (locker.status, locker.name):
            await self._alerts.amend(
                alert.key, status=locker.status, locker_name=locker.name, refused=False
            )
            alert = replace(alert, refused=False)
        last = stray.last.id if stray.last is not None else alert.delivery
        if (alert.asked, alert.delivery) != (stray.asked, last):
            detail = orphan_detail(locker, asked=stray.asked)
            await self._alerts.amend(alert.key, delivery=last, detail=detail)
        if alert.release and locker.status is LockerStatus.OCCUPIED:
            await self._alerts.amend(alert.key, ring=True, release=False)
        elif alert.release and locker.status not in _LEFT_ALONE:
            await self._give_back(alert, stray)
        elif self._goes_by_itself(alert, stray):
            log.info("orphan_given_back", tower=locker.tower, locker=locker.id)
            await self._alerts.amend(alert.key, release=True)
            await self._give_back(alert, stray)

    def _goes_by_itself(self, alert: Alert, stray: Stray) -> bool:
        """Whether it is given back without an operator's word."""
        waited = self._clock.now() >= alert.raised_at + self._policy.orphan_grace
        return stray.asked and waited and not alert.refused and stray.locker.status in HELD

    async def _give_back(self, alert: Alert, stray: Stray) -> None:
        """Whoever asked for it is told of a refusal; nobody's phone rings if that was nobody."""
        locker = stray.locker
        try:
            if stray.asked and locker.status is LockerStatus.RESERVED:
                reservation = stray.last.reservation if stray.last is not None else None
                await self._lockers.cancel_reservation(locker.tower, locker.id, reservation)
            else:
                await self._lockers.release(locker.tower, locker.id)
        except NotOffered as error:  # a reservation, which runs out by itself
            log.info("orphan_left_to_lapse", tower=locker.tower, why=str(error))
            ring = alert.owner is not None
            await self._alerts.amend(alert.key, ring=ring, release=False, refused=True)
        except Refused as error:
            log.warning("orphan_refused", tower=locker.tower, locker=locker.id, why=str(error))
            ring = alert.owner is not None
            await self._alerts.amend(alert.key, ring=ring, release=False, refused=True)
        except EdgeError as error:
            log.info(
                "orphan_not_given_back_yet", tower=locker.tower, locker=locker.id, why=str(error)
            )
        else:
            # From now on it may be anybody's: whoever rents it next is not to lose it.
            await self._database.run(
                lambda tx: tx.no_longer_vouch(locker.tower, locker.id), one_statement=True
            )
