"""How a requested delivery comes by its locker.

Guarantees: the locker about to be asked for is committed before the call; after a crash or a lost
answer, what is assigned to us is looked at first and adopted if it is ours and nobody else's.
"""

from __future__ import annotations

import secrets
from collections.abc import Container
from dataclasses import replace

import structlog

from bot.domain.codes import Code, CodeForm, CodeKind
from bot.domain.delivery import Delivery, HarborRequest, RequestKind
from bot.domain.geography import nearest
from bot.domain.ids import LockerId, TowerId
from bot.domain.lifecycle import Event, State
from bot.domain.observations import meaning
from bot.domain.openers import OpenLink
from bot.domain.policy import Policy
from bot.domain.tower import Locker, LockerStatus, Size, Tower
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.errors import (
    Conflict,
    EdgeError,
    Misconfigured,
    NoLocker,
    NotOffered,
    Refused,
    TryLater,
)
from bot.ports.lockers import Lockers
from bot.usecases.cards import show_code
from bot.usecases.transitions import conclude, save, transition
from bot.workers.codes import link_code

log = structlog.get_logger()

ANY_LOCKER = LockerId(0)
"""The candidate of a delivery for which Harbor picks the locker: it may have rented one."""
_HELD = (LockerStatus.RESERVED, LockerStatus.RENTED)

_TOWERS_ASKED = 4


class Allocator:
    """Finds and reserves a locker for one delivery at a time; shared by all."""

    def __init__(self, database: Database, lockers: Lockers, clock: Clock, policy: Policy) -> None:
        self._database, self._lockers, self._clock, self._policy = database, lockers, clock, policy

    async def allocate(self, delivery: Delivery, request: HarborRequest) -> None:
        """Bring a REQUESTED delivery to RESERVED or NO_LOCKER. Raises what `Lockers` raises."""
        if self._policy.opener is CodeForm.LINK:
            await self._by_link(delivery, request)
            return
        if delivery.candidate and await self._adopted(delivery, delivery.candidate):
            return
        refused: set[LockerId] = set()
        while (locker := await self._free(delivery, refused)) is not None:
            delivery = await self._write_down(delivery, locker.id)
            try:
                reservation = await self._lockers.reserve(
                    delivery.tower, locker.id, int(self._policy.reservation.total_seconds())
                )
            except (Misconfigured, NotOffered):
                raise  # no other locker would mend that
            except Refused:
                log.info("locker_taken_meanwhile", delivery=delivery.id)
                refused.add(locker.id)
                continue
            await self._had(replace(delivery, reservation=reservation), locker)
            return
        await self.none_left(delivery, request)

    async def somebody_elses(self, delivery: Delivery, locker: LockerId) -> bool:
        """Whether another live delivery of ours has this locker."""
        return bool(await self._database.look(lambda tx: _others(tx, delivery, locker)))

    async def held(self, delivery: Delivery, locker: LockerId) -> Locker | None:
        """The locker as Harbor lists it among ours; None when it does not, or when another live
        delivery of ours has it."""
        assigned = await self._lockers.assigned()
        ours = next((x for x in assigned if (x.tower, x.id) == (delivery.tower, locker)), None)
        if ours is None or await self.somebody_elses(delivery, locker):
            return None
        return ours

    async def _adopted(self, delivery: Delivery, candidate: LockerId) -> bool:
        ours = await self.held(delivery, candidate)
        if ours is None or ours.status not in _HELD:
            return False
        await self._had(delivery, ours, adopted=True)
        log.info("locker_adopted", delivery=delivery.id)
        return True

    async def _free(self, delivery: Delivery, refused: Container[LockerId]) -> Locker | None:
        """One of the free lockers at random, so that many at once seldom try the same.

        One that Harbor has back before we have concluded so is not free yet: until then it would
        be two deliveries' own, and what is seen of it would be taken for either's.
        """
        at_tower = await self._lockers.lockers(delivery.tower)
        lockers = [locker for locker in at_tower if locker.id not in refused]
        while (locker := choose(lockers, delivery)) is not None:
            if not await self.somebody_elses(delivery, locker.id):
                return locker
            lockers.remove(locker)
        return None

    async def _write_down(self, delivery: Delivery, locker: LockerId) -> Delivery:
        """Which locker is tried, and till when it is ours at most, should the answer be lost."""

        async def step(tx: Transaction) -> Delivery:
            now = self._clock.now()
            ends = now + self._policy.reservation
            candidate = replace(delivery, candidate=locker, held_until=ends)
            return await save(tx, candidate, now=now, policy=self._policy, seen=False)

        return await self._database.run(step)

    async def _had(
        self, asked: Delivery, locker: Locker, *, code: Code | None = None, adopted: bool = False
    ) -> None:
        """The locker is ours: held for `asked` as it was when Harbor was asked."""

        async def step(tx: Transaction) -> None:
            current = await tx.delivery(asked.id)
            if current is None:
                return
            if current.state is not State.REQUESTED:
                await self._too_late(tx, current, asked, locker)
                return
            await self._from_others(tx, current, locker, adopted=adopted)
            after = await self._reserved(tx, current, asked, locker)
            if code is not None:
                await self._issued(tx, after, code)

        await self._database.run(step)

    async def _too_late(
        self, tx: Transaction, current: Delivery, asked: Delivery, locker: Locker
    ) -> None:
        """Given up meanwhile: the locker is written down, for the worker to give it back."""
        now = self._clock.now()
        unwanted = replace(
            current,
            tower=locker.tower,
            candidate=locker.id,
            reservation=asked.reservation,
            request=HarborRequest.made(RequestKind.RELEASE, now),
        )
        await save(tx, unwanted, now=now, policy=self._policy, seen=False)

    async def _from_others(
        self, tx: Transaction, current: Delivery, locker: Locker, *, adopted: bool
    ) -> None:
        """Harbor gives a locker to nobody before it is free: whoever of ours had it has it no
        longer. A locker that was merely found assigned to us proves nothing like it."""
        for other in await _others(tx, replace(current, tower=locker.tower), locker.id):
            if adopted:
                raise Conflict("somebody else's meanwhile")
            event = meaning(other.state, LockerStatus.AVAILABLE)
            if isinstance(event, Event):
                await conclude(tx, other, event, now=self._clock.now(), policy=self._policy)

    async def _reserved(
        self, tx: Transaction, current: Delivery, asked: Delivery, locker: Locker
    ) -> Delivery:
        return await transition(
            tx,
            current,
            Event.RESERVED,
            now=self._clock.now(),
            policy=self._policy,
            detail=locker.name,
            request=None,
            trouble=None,
            candidate=None,
            tower=locker.tower,
            locker=locker.id,
            locker_name=locker.name,
            locker_size=locker.size,
            reservation=asked.reservation,
            held_until=asked.held_until,
        )

    async def _issued(self, tx: Transaction, delivery: Delivery, code: Code) -> None:
        now = self._clock.now()
        after = await transition(
            tx,
            delivery,
            Event.DROP_OFF_ISSUED,
            now=now,
            policy=self._policy,
            held_until=code.expires_at,
            code_until=code.expires_at,
        )
        await tx.save_code(code)
        await show_code(tx, after, code.holder, now=now, ring=False)

    async def none_left(self, delivery: Delivery, request: HarborRequest) -> None:
        """There is no locker to be had: the nearest tower that has one is named instead."""
        elsewhere = await self._nearest_with_room(delivery)

        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            current = await tx.delivery(delivery.id)
            if current is None or not current.still_asks(request):
                raise Conflict("asked for something else meanwhile")
            await transition(
                tx,
                current,
                Event.NO_LOCKER,
                now=now,
                policy=self._policy,
                request=None,
                candidate=None,
                held_until=None,
                trouble=None,
                elsewhere=elsewhere,
            )

        await self._database.run(step)

    async def _nearest_with_room(self, delivery: Delivery) -> TowerId | None:
        towers = await self._database.look(lambda tx: tx.towers())
        for tower in nearest(towers, delivery.tower)[:_TOWERS_ASKED]:
            try:
                lockers = await self._lockers.lockers(tower.id)
            except EdgeError as error:
                log.info("neighbour_not_read", tower=tower.id, why=str(error))
                continue
            if choose(lockers, delivery) is not None:
                return tower.id
        return None

    async def _by_link(self, delivery: Delivery, request: HarborRequest) -> None:
        """Harbor chooses and rents the locker itself as it makes the link (harbor.md §3.6)."""
        towers = await self._database.look(lambda tx: tx.towers())
        tower = next((tower for tower in towers if tower.id == delivery.tower), None)
        if tower is None:
            await self.none_left(delivery, request)
            return
        if delivery.candidate == ANY_LOCKER:
            await self._give_back_unnamed(delivery, [x.id for x in towers if _beside(x, tower)])
        delivery = await self._write_down(delivery, ANY_LOCKER)
        sizes: list[Size | None] = [delivery.size]
        if delivery.larger_allowed:
            sizes.append(delivery.size.larger())
        for size in filter(None, sizes):
            now, lasts = self._clock.now(), self._policy.reservation
            try:
                link = await self._lockers.drop_off_link(tower, size, delivery.low)
            except NoLocker:
                continue
            holder, kind = delivery.sender, CodeKind.DROP_OFF
            code = link_code(delivery, kind, link.url, holder, now, lasts)
            locker = await self._labelled(link, size)
            await self._had(replace(delivery, held_until=code.expires_at), locker, code=code)
            return
        await self.none_left(delivery, request)

    async def _give_back_unnamed(self, delivery: Delivery, towers: list[TowerId]) -> None:
        """The answer to an earlier request for a link was lost, and with it the link: the locker
        that Harbor may have rented for it is found among ours, and given back.

        Raises TryLater while another delivery waits for an answer there: the locker may be its.
        """
        assigned = await self._lockers.assigned()
        live = await self._database.look(lambda tx: tx.live_deliveries())
        there = [x for x in live if x.tower in towers and x.id != delivery.id]
        if any(x.candidate == ANY_LOCKER and x.state is State.REQUESTED for x in there):
            raise TryLater("another delivery waits for an answer at that place")
        known = {(x.tower, x.locker) for x in there} | {(x.tower, x.candidate) for x in there}
        for locker in assigned:
            rented = locker.tower in towers and locker.status is LockerStatus.RENTED
            if rented and (locker.tower, locker.id) not in known:
                await self._lockers.release(locker.tower, locker.id)
                log.info("unnamed_locker_given_back", delivery=delivery.id)

    async def _labelled(self, link: OpenLink, size: Size) -> Locker:
        """The locker of a link; by its number where its tower does not answer, for it is ours."""
        unnamed = Locker(link.locker, str(link.locker), link.tower, LockerStatus.RENTED, size)
        try:
            at_tower = await self._lockers.lockers(link.tower)
        except EdgeError as error:
            log.info("label_not_read", tower=link.tower, why=str(error))
            return unnamed
        return next((locker for locker in at_tower if locker.id == link.locker), unnamed)


async def _others(tx: Transaction, delivery: Delivery, locker: LockerId) -> list[Delivery]:
    """The live deliveries of ours, other than this one, that have the locker."""
    live = await tx.live_at(delivery.tower, locker)
    return [other for other in live if other.id != delivery.id and other.locker == locker]


def _beside(tower: Tower, other: Tower) -> bool:
    """Whether both stand at one location, where Harbor picks among their lockers."""
    return tower.id == other.id or (tower.location is not None and tower.location == other.location)


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
