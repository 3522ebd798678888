"""Whether Harbor makes Locker Open links: what opens doors follows from it.

Guarantees: Harbor's word that it has no open requests is believed when it has been given twice, and
looked at again after an hour; meanwhile whatever is booked is opened by locker tokens. Operators
are told when that begins and when it is over.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.domain.alerts import LINKS_KEY, no_links
from bot.domain.openers import Opener, Openers
from bot.domain.policy import Policy
from bot.domain.tower import Tower
from bot.ports.clock import Clock
from bot.ports.database import Database
from bot.workers.alerts import Alerts

log = structlog.get_logger()

AGAIN_AFTER = timedelta(hours=1)
_TIMES = 2


class OpenRequests:
    """See the module; shared by whoever books and whoever asks Harbor."""

    def __init__(self, database: Database, clock: Clock, policy: Policy) -> None:
        self._clock, self._policy = clock, policy
        self._alerts = Alerts(database, clock, policy)
        self._denials = 0
        self._denied_at: datetime | None = None
        self._clear = False  # whether no alert about it can stand

    @property
    def offered(self) -> bool:
        """Whether links are asked for: until Harbor denies it twice, and once an hour after."""
        if self._denials < _TIMES or self._denied_at is None:
            return True
        return self._clock.now() - self._denied_at >= AGAIN_AFTER

    def openers_at(self, tower: Tower) -> Openers:
        """What opens the doors of `tower` for whatever is booked now."""
        wanted = self._policy.openers_at(tower.id)
        if not self.offered:
            return replace(wanted, drop_off=Opener.TOKEN, pick_up=Opener.TOKEN)
        return wanted if tower.location is not None else replace(wanted, drop_off=Opener.TOKEN)

    async def denied(self) -> bool:
        """Harbor says that it has no open requests; True when that is to be believed."""
        self._denials = min(self._denials + 1, _TIMES)
        self._denied_at = now = self._clock.now()
        if self._denials < _TIMES:
            return False
        self._clear = False
        if await self._alerts.raise_once(no_links(now)):
            log.warning("no_open_requests", doors="opened by locker tokens")
        return True

    async def made(self) -> None:
        """Harbor has answered as one that has open requests."""
        self._denials, self._denied_at = 0, None
        if not self._clear:
            await self._alerts.end(LINKS_KEY)
            self._clear = True
