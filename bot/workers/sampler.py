"""Notes once an hour how many doors of each tower are free, for the figures that operators see.

Guarantees: an hour has at most one note of a tower, whichever process makes it; of several the one
that watches does. A list of the tower that was read within the hour anyway is used; only where
there is none Harbor is asked, one tower after another. A tower that does not answer is asked again
within the hour, and where it never does that hour has no note. A turn asks for `AGAIN` at most and
leaves the rest to the next, so that a slow Harbor does not make it look as if it stood still. A
door that is out of service, or left out of booking, is none that could be free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from bot.domain.closures import Closure, bookable
from bot.domain.figures import Doors
from bot.domain.ids import TowerId
from bot.domain.tower import Locker, LockerStatus
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.errors import EdgeError
from bot.ports.lockers import Lockers

log = structlog.get_logger()

_HOUR = timedelta(hours=1)
AFTER = timedelta(minutes=20)
"""How long after an hour has begun: most towers that anybody uses have been read by then."""
AGAIN = timedelta(minutes=5)
"""After a start or a failure, and while another process watches."""


class Sampler:
    """See the module; `turn` notes what is known of the present hour."""

    def __init__(self, database: Database, lockers: Lockers, clock: Clock) -> None:
        self._database, self._lockers, self._clock = database, lockers, clock
        self._next = clock.now() + AGAIN  # a bot that starts has other things to ask

    async def turn(self) -> datetime | None:
        """Note the hour, if it has gone on for long enough; say when to come again."""
        now = self._clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        if now >= self._next:
            if now < hour + AFTER:
                self._next = hour + AFTER
            elif self._database.replicas.watches and await self._note(hour):
                self._next = hour + _HOUR + AFTER
            else:
                self._next = now + AGAIN
        return self._next

    async def _note(self, hour: datetime) -> bool:
        """Whether all towers are noted."""

        async def look(tx: Transaction) -> tuple[list[TowerId], Sequence[Closure]]:
            noted = await tx.towers_noted(hour)
            towers = [tower.id for tower in await tx.towers() if tower.id not in noted]
            return towers, await tx.closures()

        towers, closures = await self._database.look(look)
        seen: dict[TowerId, Doors] = {}
        began = self._clock.now()
        for tower in towers:
            if self._clock.now() >= began + AGAIN:
                break
            lockers = self._lockers.lately(tower, hour)
            try:
                lockers = await self._lockers.lockers(tower) if lockers is None else lockers
            except EdgeError:
                continue
            seen[tower] = counted(bookable(lockers, closures))
        await self._keep(hour, seen)
        if unread := len(towers) - len(seen):
            log.info("free_doors_not_noted", towers=unread)
        return not unread

    async def _keep(self, hour: datetime, seen: Mapping[TowerId, Doors]) -> None:
        if seen:
            await self._database.run(lambda tx: tx.note_doors(hour, seen))


def counted(lockers: Iterable[Locker]) -> Doors:
    """How many of them can be used, and are free."""
    usable = [x.status for x in lockers if x.status is not LockerStatus.OUT_OF_SERVICE]
    return Doors(usable.count(LockerStatus.AVAILABLE), len(usable))
