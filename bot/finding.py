"""How a requested delivery comes by its locker.

Guarantees: the locker about to be asked for is committed before the call; after a crash or a lost
answer, what is assigned to us is looked at first and adopted if it is ours and nobody else's.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from math import cos, hypot, radians

import structlog

from bot.errors import Conflict, NoLocker, Refused
from bot.happening import happen, keep, show_code
from bot.issuing import link_code
from bot.lifecycle import Event, LockerStatus, State
from bot.model import (
    CodeForm,
    CodeKind,
    Delivery,
    Locker,
    LockerId,
    Size,
    Tower,
    TowerId,
    Want,
)
from bot.ports import Clock, Database, Lockers, Transaction
from bot.terms import Terms

log = structlog.get_logger()

_HELD = (LockerStatus.RESERVED, LockerStatus.RENTED)
_TOWERS_ASKED = 4


class Finder:
    """Finds and reserves a locker for one delivery at a time; shared by all."""

    def __init__(self, database: Database, lockers: Lockers, clock: Clock, terms: Terms) -> None:
        self._database, self._lockers, self._clock, self._terms = database, lockers, clock, terms

    async def find(self, delivery: Delivery) -> None:
        """Bring a REQUESTED delivery to RESERVED or NO_LOCKER. Raises what `Lockers` raises."""
        if self._terms.opener is CodeForm.LINK:
            await self._by_link(delivery)
            return
        if delivery.trying is not None and await self._adopted(delivery, delivery.trying):
            return
        while (locker := await self._free(delivery)) is not None:
            delivery = await self._write_down(delivery, locker)
            asked_at = self._clock.now()
            try:
                reservation = await self._lockers.reserve(
                    delivery.tower, locker.id, int(self._terms.reservation.total_seconds())
                )
            except Refused:
                log.info("locker_taken_meanwhile", delivery=delivery.id)
                continue
            await self._reserved(delivery, locker, asked_at, reservation)
            return
        await self._none_left(delivery)

    async def somebody_elses(self, delivery: Delivery, locker: LockerId) -> bool:
        """Whether another live delivery of ours has (or is trying) this locker."""
        live = await self._database.look(lambda tx: tx.live_at(delivery.tower, locker))
        return any(other.id != delivery.id and other.locker == locker for other in live)

    async def _adopted(self, delivery: Delivery, trying: LockerId) -> bool:
        assigned = await self._lockers.assigned()
        ours = next((x for x in assigned if (x.tower, x.id) == (delivery.tower, trying)), None)
        if ours is None or ours.status not in _HELD:
            return False
        if await self.somebody_elses(delivery, trying):
            return False
        log.info("locker_adopted", delivery=delivery.id)
        await self._reserved(delivery, ours, delivery.changed_at or self._clock.now(), None)
        return True

    async def _free(self, delivery: Delivery) -> Locker | None:
        """One of the free lockers at random, so that many at once seldom try the same.

        One that Harbor has back before we have concluded so is not free yet: until then it would
        be two deliveries' own, and what is seen of it would be taken for either's.
        """
        lockers = await self._lockers.lockers(delivery.tower)
        while (locker := choose(lockers, delivery)) is not None:
            if not await self.somebody_elses(delivery, locker.id):
                return locker
            lockers.remove(locker)
        return None

    async def _write_down(self, delivery: Delivery, locker: Locker) -> Delivery:
        async def step(tx: Transaction) -> Delivery:
            trying = replace(delivery, trying=locker.id)
            return await keep(tx, trying, now=self._clock.now(), terms=self._terms, seen=False)

        return await self._database.run(step)

    async def _reserved(
        self, delivery: Delivery, locker: Locker, asked_at: datetime, reservation: int | None
    ) -> None:
        async def step(tx: Transaction) -> None:
            current = await tx.delivery(delivery.id)
            if current is None or current.state is not State.REQUESTED:
                return  # cancelled meanwhile: `trying` tells the worker what to give back
            await happen(
                tx,
                current,
                Event.RESERVED,
                now=self._clock.now(),
                terms=self._terms,
                detail=locker.name,
                want=None,
                want_due=None,
                want_attempts=0,
                trouble=None,
                trying=None,
                locker=locker.id,
                locker_name=locker.name,
                locker_size=locker.size,
                reservation=reservation,
                held_until=asked_at + self._terms.reservation,
            )

        await self._database.run(step)

    async def _none_left(self, delivery: Delivery) -> None:
        elsewhere = await self._nearest_with_room(delivery)

        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            current = await tx.delivery(delivery.id)
            if current is None or current.want is not Want.LOCKER:
                raise Conflict
            await happen(
                tx,
                current,
                Event.NO_LOCKER,
                now=now,
                terms=self._terms,
                want=None,
                want_due=None,
                trying=None,
                trouble=None,
                elsewhere=elsewhere,
                ended_at=now,
            )

        await self._database.run(step)

    async def _nearest_with_room(self, delivery: Delivery) -> TowerId | None:
        towers = await self._database.look(lambda tx: tx.towers())
        for tower in nearest(towers, delivery.tower)[:_TOWERS_ASKED]:
            lockers = await self._lockers.lockers(tower.id)
            if choose(lockers, delivery) is not None:
                return tower.id
        return None

    async def _by_link(self, delivery: Delivery) -> None:
        """Harbor chooses and rents the locker itself as it makes the link (harbor.md §3.6)."""
        towers = await self._database.look(lambda tx: tx.towers())
        tower = next((tower for tower in towers if tower.id == delivery.tower), None)
        if tower is None:
            await self._none_left(delivery)
            return
        sizes: list[Size | None] = [delivery.size]
        if delivery.larger_allowed:
            sizes.append(delivery.size.larger())
        for size in filter(None, sizes):
            asked_at = self._clock.now()
            try:
                link = await self._lockers.drop_off_link(tower, size, delivery.low)
            except NoLocker:
                continue
            names = {x.id: x for x in await self._lockers.lockers(link.tower)}
            unnamed = Locker(link.locker, str(link.locker), link.tower, LockerStatus.RENTED, size)
            locker = names.get(link.locker, unnamed)
            await self._linked(delivery, locker, link.url, asked_at)
            return
        await self._none_left(delivery)

    async def _linked(
        self, delivery: Delivery, locker: Locker, url: str, asked_at: datetime
    ) -> None:
        code = link_code(
            delivery, CodeKind.DROP_OFF, url, delivery.sender, asked_at, self._terms.reservation
        )
        await self._reserved(delivery, locker, asked_at, None)

        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            current = await tx.delivery(delivery.id)
            if current is None or current.state is not State.RESERVED:
                return
            after = await happen(
                tx,
                current,
                Event.DROP_OFF_ISSUED,
                now=now,
                terms=self._terms,
                held_until=code.expires_at,
                code_until=code.expires_at,
            )
            await tx.save_code(code)
            await show_code(tx, after, code.holder, now=now, ring=False)

        await self._database.run(step)


def choose(lockers: list[Locker], delivery: Delivery) -> Locker | None:
    """A free locker that suits: the size asked for, else the next larger if that is allowed.

    A wish for a low door is kept where one is free, and given up before the size is.
    """
    free = [locker for locker in lockers if locker.status is LockerStatus.AVAILABLE]
    size: Size | None = delivery.size
    while size is not None:
        fitting = [locker for locker in free if locker.size is size]
        low = [locker for locker in fitting if locker.low]
        if pool := (low if delivery.low and low else fitting):
            return secrets.choice(pool)
        size = size.larger() if delivery.larger_allowed else None
    return None


def nearest(towers: list[Tower], to: TowerId) -> list[Tower]:
    """The other towers, the nearest to `to` first; towers without coordinates come last."""
    here = next((tower for tower in towers if tower.id == to), None)
    others = [tower for tower in towers if tower.id != to]
    if here is None or here.latitude is None or here.longitude is None:
        return others
    return by_distance(others, here.latitude, here.longitude)


def by_distance(towers: list[Tower], latitude: float, longitude: float) -> list[Tower]:
    """`towers` by their distance from a point, those without coordinates last."""
    return sorted(towers, key=lambda tower: kilometres(tower, latitude, longitude))


def kilometres(tower: Tower, latitude: float, longitude: float) -> float:
    """How far a tower is, as the crow flies; infinite when it has no coordinates."""
    if tower.latitude is None or tower.longitude is None:
        return float("inf")
    north = tower.latitude - latitude
    east = (tower.longitude - longitude) * cos(radians(latitude))
    return hypot(north, east) * 111.2
