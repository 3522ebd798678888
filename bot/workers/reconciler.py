"""Lockers that are ours at Harbor and that no delivery here knows of.

Guarantees: the operators are told once of each, and once when it is accounted for again; one is
given back only when an operator wants it, and asked for once a wish: a refusal is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.domain.alerts import Alert
from bot.domain.ids import LockerId, TowerId
from bot.domain.observations import Door
from bot.domain.tower import LockerStatus
from bot.ports.errors import EdgeError, Refused
from bot.ports.lockers import Lockers
from bot.workers.alerts import Alerts

log = structlog.get_logger()

KIND = "orphan:"


class Reconciler:
    """See the module."""

    def __init__(self, lockers: Lockers, alerts: Alerts) -> None:
        self._lockers, self._alerts = lockers, alerts

    async def report(self, strays: Mapping[Door, LockerStatus], standing: list[Alert]) -> None:
        """These and no others are strays now."""
        keys = {f"{KIND}{tower}/{locker}": (tower, locker) for tower, locker in strays}
        for key, (tower, locker) in keys.items():
            await self._alerts.raise_once(key, tower=tower, locker=locker)
        for alert in standing:
            if not alert.key.startswith(KIND):
                continue
            if alert.key not in keys:
                await self._alerts.clear(alert.key)
            elif alert.detail.get("release") and (
                strays[keys[alert.key]] is not LockerStatus.DECLINED  # on its way already
            ):
                await self._give_back(alert, *keys[alert.key])

    async def _give_back(self, alert: Alert, tower: TowerId, locker: LockerId) -> None:
        try:
            await self._lockers.release(tower, locker)
        except Refused as error:
            log.warning("stray_refused", tower=tower, locker=locker, why=str(error))
            await self._alerts.amend(replace(alert, detail={**alert.detail, "release": False}))
        except EdgeError as error:
            log.info("stray_not_given_back_yet", tower=tower, locker=locker, why=str(error))
