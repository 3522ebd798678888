"""What cards and pages are told beside the delivery itself, kept in mind for a while.

Guarantees: towers are at most a minute old; they change once in a blue moon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.domain.ids import TowerId
from bot.domain.policy import Policy
from bot.domain.situation import Links
from bot.domain.tower import Tower
from bot.ports.clock import Clock
from bot.ports.database import Database
from bot.usecases.situation import Surroundings

_FRESH = timedelta(minutes=1)


class KnownSurroundings:
    """See the module. `links` tells where links lead at this moment."""

    def __init__(
        self, database: Database, clock: Clock, policy: Policy, links: Callable[[], Links]
    ) -> None:
        self._database, self._clock, self._policy, self._links = database, clock, policy, links
        self._towers: Mapping[TowerId, Tower] = {}
        self._read_at: datetime | None = None

    async def now(self) -> Surroundings:
        """What is known at this moment."""
        now = self._clock.now()
        if self._read_at is None or now - self._read_at >= _FRESH:
            towers = await self._database.look(lambda tx: tx.towers(), one_statement=True)
            self._towers = {tower.id: tower for tower in towers}
            self._read_at = now if self._towers else None
        return Surroundings(now, self._policy, self._towers, self._links())
