"""How a requested delivery comes by its locker: reserved by us, or picked by Harbor for a link.

Guarantees: the locker about to be asked for is committed before the call; after a crash or a lost
answer, what is assigned to us is looked at first and adopted if it is ours and nobody else's; where
Harbor makes no links, a delivery goes on by locker tokens.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Container, Iterable
from dataclasses import replace
from datetime import timedelta

import structlog

from bot.domain.closures import bookable, closed_towers
from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery, HarborRequest
from bot.domain.geography import nearest
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import LockerId, TowerId
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from bot.domain.tower import HELD, Locker, LockerStatus, Low
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.errors import Conflict, EdgeError, Misconfigured, NotOffered, Refused
from bot.ports.lockers import Lockers
from bot.usecases.cards import tell
from bot.usecases.transitions import save
from bot.workers.allotment import Allotments
from bot.workers.given import Given
from bot.workers.link_allocation import LinkAllocator
from bot.workers.open_requests import OpenRequests
from bot.workers.standing import standing

log = structlog.get_logger()

_TOWERS_ASKED = 4
_SHOWN = timedelta(seconds=10)
"""How old a list of a tower may be from which a locker is picked."""


class Allocator:
    """Finds a locker for one delivery at a time; shared by all."""

    def __init__(
        self,
        database: Database,
        lockers: Lockers,
        clock: Clock,
        policy: Policy,
        open_requests: OpenRequests,
    ) -> None:
        self._database, self._lockers, self._clock, self._policy = database, lockers, clock, policy
        self._allotments = Allotments(database, lockers, clock, policy)
        self._links = LinkAllocator(
            database, lockers, clock, policy, self._allotments, open_requests
        )
        self._given: Given[tuple[LockerId, str | None]] = Given()
        self.held = self._allotments.held
        self.somebody_elses = self._allotments.somebody_elses
        self.give_back_unnamed = self._links.give_back_unnamed

    async def allocate(self, delivery: Delivery, request: HarborRequest) -> None:
        """Bring a REQUESTED delivery to RESERVED, RENTED or NO_LOCKER. Raises what `Lockers`
        raises."""
        if delivery.opener(CodeKind.DROP_OFF, self._policy) is Opener.LINK:
            try:
                if not await self._links.allocate(delivery, request):
                    await self.none_left(delivery, request)
                return
            except NotOffered as error:
                delivery = await self._fall_back(delivery, request, error)
        await self._reserve(delivery, request)

    async def _reserve(self, delivery: Delivery, request: HarborRequest) -> None:
        if delivery.candidate and await self._adopted(delivery, delivery.candidate, request):
            return
        refused: set[LockerId] = set()
        reservation = self._policy.reservation
        while (locker := await self._free(delivery, refused)) is not None:
            delivery = await self._allotments.write_down(delivery, locker.id, reservation)
            try:
                number = await self._lockers.reserve(
                    delivery.tower, locker.id, int(reservation.total_seconds())
                )
            except (Misconfigured, NotOffered):
                raise  # no other locker would mend that
            except Refused:
                log.info("locker_taken_meanwhile", delivery=delivery.id)
                refused.add(locker.id)
                continue
            self._given.keep(request, (locker.id, number))
            await self._allotments.had(replace(delivery, reservation=number), locker)
            self._given.forget(request)
            return
        await self.none_left(delivery, request)

    async def _fall_back(
        self, delivery: Delivery, request: HarborRequest, error: NotOffered
    ) -> Delivery:
        """From now on this delivery's door is opened by locker tokens. Raises Conflict."""
        log.info("opened_by_token_instead", delivery=delivery.id, why=str(error))

        async def step(tx: Transaction) -> Delivery:
            now, current = self._clock.now(), await standing(tx, delivery, request)
            if current is None:
                raise Conflict("asked for something else meanwhile")
            by_token = replace(
                current, drop_off_opener=Opener.TOKEN, candidate=None, held_until=None
            )
            after = await save(tx, by_token, now=now, policy=self._policy)
            await tx.record(HistoryEntry(after.id, now, HistoryEvent.FELL_BACK))
            await tell(tx, after, now=now)
            return after

        return await self._database.run(step, brief=True)

    async def _adopted(
        self, delivery: Delivery, candidate: LockerId, request: HarborRequest
    ) -> bool:
        ours = await self._allotments.held(delivery, candidate)
        if ours is None or ours.status not in HELD:
            return False
        locker, number = self._given.to(request) or (None, None)
        if locker == candidate:
            delivery = replace(delivery, reservation=number)
        await self._allotments.had(delivery, ours, adopted=True)
        self._given.forget(request)
        log.info("locker_adopted", delivery=delivery.id)
        return True

    async def _free(self, delivery: Delivery, refused: Collection[LockerId]) -> Locker | None:
        """One of the free lockers at random, so that many at once seldom try the same.

        The list that its sender has just been shown will do for the first try: Harbor refuses a
        locker that somebody has meanwhile, and that none is free is believed of a new list alone.
        """
        if not refused:
            shown = self._lockers.lately(delivery.tower, self._clock.now() - _SHOWN)
            if shown and (locker := await self._free_of(shown, delivery, refused)) is not None:
                return locker
        at_tower = await self._lockers.lockers(delivery.tower)
        return await self._free_of(at_tower, delivery, refused)

    async def _free_of(
        self, at_tower: Iterable[Locker], delivery: Delivery, refused: Container[LockerId]
    ) -> Locker | None:
        """One that Harbor has back before we have concluded so is not free yet: until then it would
        be two deliveries' own, and what is seen of it would be taken for either's. One that is left
        out of booking, or promised to somebody who has waited, is not free for others either."""
        lockers = [locker for locker in at_tower if locker.id not in refused]
        closures = await self._database.glance(lambda tx: tx.closures())
        promised = await self._allotments.promised(delivery, [delivery.tower])
        lockers = bookable(lockers, closures)
        lockers = await self._allotments.left_over(delivery, lockers, promised)
        while (locker := choose(lockers, delivery)) is not None:
            if not await self.somebody_elses(delivery, locker.id):
                return locker
            lockers.remove(locker)
        return None

    async def none_left(self, delivery: Delivery, request: HarborRequest) -> None:
        """There is no locker to be had: the nearest tower that has one is named instead."""
        elsewhere = await self._nearest_with_room(delivery)
        await self._allotments.none_left(delivery, request, elsewhere)

    async def _nearest_with_room(self, delivery: Delivery) -> TowerId | None:
        towers = await self._database.look(lambda tx: tx.towers())
        closures = await self._database.glance(lambda tx: tx.closures())
        closed = closed_towers(closures)
        near = [each for each in nearest(towers, delivery.tower) if each.id not in closed]
        for tower in near[:_TOWERS_ASKED]:
            try:
                lockers = await self._lockers.lockers(tower.id)
            except EdgeError as error:
                log.info("neighbour_not_read", tower=tower.id, why=str(error))
                continue
            if choose(bookable(lockers, closures), delivery) is not None:
                return tower.id
        return None


def choose(lockers: list[Locker], delivery: Delivery) -> Locker | None:
    """A free locker that suits: the size asked for, else the next larger if that is allowed.

    A low door that is rather wanted is taken where one is free, and given up before the size is;
    one that is a must is not given up.
    """
    free = [locker for locker in lockers if locker.status is LockerStatus.AVAILABLE]
    if delivery.low is Low.ONLY:
        free = [locker for locker in free if locker.low]
    for size in delivery.sizes:
        fitting = [locker for locker in free if locker.size is size]
        low = [locker for locker in fitting if locker.low]
        if pool := (low if delivery.low is Low.RATHER and low else fitting):
            return secrets.choice(pool)
    return None
