"""Whether Harbor answers, and so that it can be read: what operators are told of it.

Guarantees: trouble is reported once, with what is known of its cause, and once when it is over; so
is what Harbor's lists hold that can't be read. A list that has not been read since the start says
neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import structlog

from bot.domain.alerts import (
    HARBOR_KEY,
    Alert,
    AlertKind,
    Away,
    harbor_away,
    unreadable,
    unreadable_key,
)
from bot.ports.clock import Clock
from bot.ports.errors import Misconfigured, Refused, Unreadable
from bot.ports.lockers import LeftOut
from bot.workers.alerts import Alerts

log = structlog.get_logger()

_FAILURES_TO_ALERT = 2


class Reachability:
    """See the module; the watcher tells it how each look went."""

    def __init__(self, alerts: Alerts, clock: Clock) -> None:
        self._alerts, self._clock = alerts, clock
        self._failures = 0
        self._why: Away | None = None
        self._clear = False  # whether no alert about Harbor can stand

    @property
    def away(self) -> bool:
        """Whether Harbor has failed to answer more than once in a row."""
        return self._failures >= _FAILURES_TO_ALERT

    async def failed(self, error: Exception) -> None:
        """A look has failed."""
        self._failures += 1
        if not self.away:
            return
        before, self._why, self._clear = self._why, _why(error), False
        if self._failures == _FAILURES_TO_ALERT or before is not self._why:
            log.warning("harbor_away", why=str(error))
        news = await self._alerts.raise_once(harbor_away(self._clock.now(), self._why))
        if not news and before is not self._why:
            await self._alerts.amend(HARBOR_KEY, detail={"why": str(self._why)})

    async def answered(self) -> None:
        """A look has succeeded."""
        back, self._failures = self.away, 0
        if not self._clear:
            # It may stand since an earlier process.
            back = await self._alerts.end(HARBOR_KEY) or back
            self._clear = True
        if back:
            log.info("harbor_back")

    async def left_out(
        self, lists: Mapping[str, LeftOut | None], standing: Iterable[Alert]
    ) -> None:
        """What Harbor's `lists` are lacking now; `standing` are the alerts until now."""
        told = {alert.key for alert in standing if alert.kind is AlertKind.UNREADABLE}
        for call, found in lists.items():
            key = unreadable_key(call)
            if found is None and key in told:
                await self._alerts.end(key)
            elif found is not None and key not in told:
                now = self._clock.now()
                await self._alerts.raise_once(unreadable(now, call, found.entries, found.why))


def _why(error: Exception) -> Away:
    match error:
        case Misconfigured():
            return Away.CREDENTIALS
        case Refused():
            return Away.REFUSED
        case Unreadable():
            return Away.UNREADABLE
        case _:
            return Away.SILENT
