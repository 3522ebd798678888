"""What a screen may show of Harbor: towers and free lockers, read at most every few seconds.

Guarantees: one refresh is shared by all who ask at once, and one that failed is not made again at
once; when Harbor can't be reached, what was last known is shown with its age, and nobody waits
longer than `PATIENCE`; at a location that does not answer stands what is remembered of it. A
tower's zone is looked up once in its life, where Harbor gives none.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

from bot.domain.closures import bookable
from bot.domain.ids import TowerId
from bot.domain.tower import Locker, Size, Tower, at_location_of
from bot.domain.waiting import Wait, left_over
from bot.ports.clock import Clock
from bot.ports.database import Database
from bot.ports.errors import EdgeError, TryLater
from bot.ports.lockers import Lockers
from bot.ports.zones import Point, ZonesAt, nowhere

log = structlog.get_logger()

FRESH = timedelta(seconds=5)
TOWERS_FRESH = timedelta(minutes=10)
SOME_TOWERS_FRESH = timedelta(minutes=1)
"""While a location has not answered, or has said once that it has no tower, or there is no tower
at all: what is remembered may not hold, and what is not may be missing."""
PATIENCE = timedelta(seconds=3)
_AFTER_FAILURE = timedelta(seconds=5)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """Something read from Harbor, and when it was asked; `at` None: never yet."""

    value: T
    at: datetime | None


class _Shared(Generic[T]):
    """One value with one refresh at a time, whoever asks."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], empty: T, fresh: timedelta) -> None:
        self._fetch, self.fresh = fetch, fresh
        self._reading: Reading[T] = Reading(empty, None)
        self._refresh: asyncio.Task[None] | None = None
        self._failed_at: datetime | None = None

    async def get(self, clock: Clock) -> Reading[T]:
        now = clock.now()
        if _lately(self._reading.at, self.fresh, now) or _lately(
            self._failed_at, _AFTER_FAILURE, now
        ):
            return self._reading
        if self._refresh is None or self._refresh.done():
            self._refresh = asyncio.create_task(self._renew(clock), name="refresh")
        patience = asyncio.create_task(clock.sleep_until(now + PATIENCE))
        try:
            await asyncio.wait({self._refresh, patience}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            patience.cancel()
        return self._reading

    async def _renew(self, clock: Clock) -> None:
        asked_at = clock.now()
        try:
            self._reading = Reading(await self._fetch(), asked_at)
            self._failed_at = None
        except EdgeError as error:
            self._failed_at = clock.now()
            log.info("refresh_failed", why=str(error))
        except Exception:
            self._failed_at = clock.now()
            log.exception("refresh_failed")

    def seed(self, value: T) -> None:
        """What was known before the last restart."""
        self._reading = Reading(value, None)


def _lately(at: datetime | None, span: timedelta, now: datetime) -> bool:
    return at is not None and now - at < span


class Towers:
    """See the module. `found` is told of all towers whenever Harbor has told of them."""

    def __init__(
        self,
        database: Database,
        lockers: Lockers,
        clock: Clock,
        zones_at: ZonesAt = nowhere,
        *,
        found: Callable[[Sequence[Tower]], None] = lambda towers: None,
    ) -> None:
        self._database, self._lockers, self._clock = database, lockers, clock
        self._zones_at, self._found = zones_at, found
        self._zoneless: set[Point] = set()
        self._towers: _Shared[list[Tower]] = _Shared(self._fetch_towers, [], TOWERS_FRESH)
        self._at: dict[TowerId, _Shared[list[Locker]]] = {}

    async def load(self) -> None:
        """Start from what the database remembers; refresh behind everybody's back."""
        self._towers.seed(await self._database.look(lambda tx: tx.towers()))

    async def all(self) -> Reading[list[Tower]]:
        """Every tower."""
        return await self._towers.get(self._clock)

    async def one(self, tower: TowerId) -> Tower | None:
        """The tower, if it is known."""
        return next((found for found in (await self.all()).value if found.id == tower), None)

    async def free(
        self,
        tower: TowerId,
        *,
        at_place: bool = False,
        low_only: bool = False,
        promised: Collection[Wait] = (),
    ) -> Reading[Mapping[Size, int]]:
        """How many lockers of each size are free there, zeros included for sizes it has.

        `at_place`: at all towers of its location together, as old as the oldest reading; `low_only`
        counts low doors alone; neither what is `promised` counts, nor doors that are left out of
        booking. Nothing is counted while one of the towers was never read.
        """
        reading = await self.lockers_of(await self.beside(tower) if at_place else [tower])
        if reading.at is None:
            return Reading({}, None)
        sizes = {locker.size for locker in reading.value}
        unpromised = left_over(reading.value, promised)
        free = Counter(locker.size for locker in unpromised if locker.low or not low_only)
        return Reading({size: free[size] for size in Size if size in sizes}, reading.at)

    async def lockers_of(self, towers: Sequence[TowerId]) -> Reading[list[Locker]]:
        """Every locker of these towers together, as old as the oldest reading, doors that are left
        out of booking as out of service; none while one of the towers was never read."""
        readings = await asyncio.gather(*map(self._lockers_at, towers))
        ages = [reading.at for reading in readings if reading.at is not None]
        if not ages or len(ages) < len(readings):
            return Reading([], None)
        lockers = [locker for each in readings for locker in each.value]
        closures = await self._database.glance(lambda tx: tx.closures())
        return Reading(bookable(lockers, closures), min(ages))

    async def lockers(self, tower: TowerId) -> Reading[list[Locker]]:
        """Every locker of it, whatever its status."""
        return await self._lockers_at(tower)

    async def beside(self, tower: TowerId) -> list[TowerId]:
        """The towers of its location, itself among them."""
        there = at_location_of(tower, (await self.all()).value)
        return [each.id for each in there] or [tower]

    async def _lockers_at(self, tower: TowerId) -> Reading[list[Locker]]:
        if tower not in self._at:
            self._at[tower] = _Shared(lambda: self._lockers.lockers(tower), [], FRESH)
        return await self._at[tower].get(self._clock)

    async def _fetch_towers(self) -> list[Tower]:
        towers = await self._lockers.towers()
        known = await self._database.look(lambda tx: tx.towers())
        if known and not towers:
            raise TryLater("not one of the towers there were")  # absence is not evidence
        unanswered, there = self._lockers.unanswered(), {tower.id for tower in towers}
        towers += [x for x in known if x.location in unanswered and x.id not in there]
        doubtful = bool(unanswered) or not towers
        self._towers.fresh = SOME_TOWERS_FRESH if doubtful else TOWERS_FRESH
        towers = await self._with_zones(towers, known)
        await self._database.run(lambda tx: tx.save_towers(towers))
        self._found(towers)
        return towers

    async def _with_zones(self, towers: list[Tower], known: list[Tower]) -> list[Tower]:
        """Where Harbor gives none: the zone that is remembered, else the one of its coordinates."""
        before = {(tower.id, _point(tower)): tower.zone for tower in known}
        towers = [_in(tower, before.get((tower.id, _point(tower)))) for tower in towers]
        points = {_point(tower) for tower in towers if tower.zone is None}
        asked = sorted({point for point in points if point is not None} - self._zoneless)
        if not asked:
            return towers
        try:
            zones = dict(zip(asked, await self._zones_at(asked), strict=True))
        except EdgeError as error:
            log.warning("zones_unknown", why=str(error), places=len(asked))
            return towers
        self._zoneless |= {point for point, zone in zones.items() if zone is None}
        return [
            _in(tower, zones.get(point)) if (point := _point(tower)) else tower for tower in towers
        ]


def _point(tower: Tower) -> Point | None:
    if tower.latitude is None or tower.longitude is None:
        return None
    return tower.latitude, tower.longitude


def _in(tower: Tower, zone: str | None) -> Tower:
    """The tower, in that zone where it has none of its own."""
    return replace(tower, zone=zone) if tower.zone is None and zone else tower
