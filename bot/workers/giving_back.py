"""Gives back at Harbor what a delivery no longer needs.

Guarantees: what is given back is what Harbor says is held, by the call that fits; that nothing is
held is believed only when the tower's own list agrees; of a locker in which a parcel may be, or
whose status is not known, nothing is given back.
"""

from __future__ import annotations

import structlog

from bot.domain.delivery import Delivery, HarborRequest
from bot.domain.ids import LockerId
from bot.domain.lifecycle import Event, State
from bot.domain.observations import AFTER_HOLD, may_hold_parcel
from bot.domain.policy import Policy
from bot.domain.tower import HELD, LockerStatus
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.errors import NotOffered, TryLater
from bot.ports.lockers import Lockers
from bot.usecases.transitions import transition
from bot.workers.allocation import Allocator
from bot.workers.link_allocation import ANY_LOCKER
from bot.workers.standing import CarriedOut, standing

log = structlog.get_logger()


class NotYet(Exception):
    """What Harbor says is nothing to act on; nothing is wrong with Harbor or with us."""


class GivingBack:
    """See the module."""

    def __init__(
        self,
        database: Database,
        lockers: Lockers,
        clock: Clock,
        policy: Policy,
        allocator: Allocator,
        carried_out: CarriedOut,
    ) -> None:
        self._database, self._lockers, self._clock, self._policy = database, lockers, clock, policy
        self._allocator, self._carried_out = allocator, carried_out

    async def give_back(self, delivery: Delivery, request: HarborRequest) -> None:
        """Give back what is held, by whichever call fits how Harbor sees the locker."""
        if delivery.candidate == ANY_LOCKER and delivery.locker is None:
            await self._allocator.give_back_unnamed(delivery)
        locker = delivery.locker or delivery.candidate
        held = await self._allocator.held(delivery, locker) if locker else None
        if not locker or held is None:
            await self._nothing_held(delivery, request, locker)
        elif held.status is LockerStatus.RESERVED:
            await self._cancel_reservation(delivery, request, locker)
        elif held.status is LockerStatus.UNKNOWN:
            raise NotYet("Harbor names a status that is not known")
        elif held.status is LockerStatus.RENTED:
            await self._lockers.release(delivery.tower, locker)
            await self._leave_to_watcher(delivery, request, locker)
        else:  # declined: on its way back; occupied: the watcher has news
            await self._leave_to_watcher(delivery, request, locker)

    async def _nothing_held(
        self, delivery: Delivery, request: HarborRequest, locker: LockerId | None
    ) -> None:
        """Absence is believed only when the tower's own list agrees (or nothing was ever tried)."""
        if locker:
            at_tower = await self._lockers.lockers(delivery.tower)
            status = next((x.status for x in at_tower if x.id == locker), None)
            elsewhere = await self._allocator.somebody_elses(delivery, locker)
            if status is LockerStatus.OCCUPIED and may_hold_parcel(delivery) and not elsewhere:
                await self._leave_to_watcher(delivery, request, locker)
                return
            ours_perhaps = status in HELD
            over = delivery.held_until or delivery.changed_at or self._clock.now()
            ours_perhaps &= self._clock.now() <= over + AFTER_HOLD
            if ours_perhaps and not elsewhere:
                raise TryLater("the two readings disagree")
        if delivery.state is State.CLOSED:
            await self._carried_out.note(request, delivery)
            await self._no_longer_ours(delivery, locker)
            return

        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            current = await standing(tx, delivery, request)
            if current is None:
                return
            await transition(
                tx,
                current,
                Event.RELEASED,
                now=now,
                policy=self._policy,
                request=None,
                trouble=None,
                held_until=None,
            )

        await self._database.run(step, brief=True)

    async def _cancel_reservation(
        self, delivery: Delivery, request: HarborRequest, locker: LockerId
    ) -> None:
        """Where Harbor offers no such call, the reservation runs out by itself."""
        try:
            await self._lockers.cancel_reservation(delivery.tower, locker, delivery.reservation)
        except NotOffered as error:
            log.info("reservation_left_to_lapse", delivery=delivery.id, why=str(error))
        await self._leave_to_watcher(delivery, request, locker)

    async def _leave_to_watcher(
        self, delivery: Delivery, request: HarborRequest, locker: LockerId
    ) -> None:
        """Nothing more to ask; a locker that was only being tried is now known to be ours."""
        await self._carried_out.note(request, delivery, locker=locker, candidate=None, trouble=None)
        if delivery.state is State.CLOSED:  # which nothing is concluded for any more
            await self._no_longer_ours(delivery, locker)

    async def _no_longer_ours(self, delivery: Delivery, locker: LockerId | None) -> None:
        """Whatever the locker is from now on, this delivery has not asked for it."""
        if locker is not None:
            await self._database.run(
                lambda tx: tx.no_longer_vouch(delivery.tower, locker), one_statement=True
            )
