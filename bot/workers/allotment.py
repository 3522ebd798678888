"""What is written down around a locker that is asked for, whichever way it is asked for.

Guarantees: the locker about to be asked for is committed before the call; one that Harbor gives is
the delivery's alone, whoever of ours had it before; what comes too late is given back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.domain.codes import Code
from bot.domain.delivery import Delivery, HarborRequest, RequestKind
from bot.domain.ids import LockerId, TowerId
from bot.domain.lifecycle import Event, State
from bot.domain.observations import meaning
from bot.domain.policy import Policy
from bot.domain.tower import Locker, LockerStatus
from bot.domain.waiting import Wait, left_over, promised_to_others
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.errors import Conflict
from bot.ports.lockers import Lockers
from bot.usecases.cards import keep_code
from bot.usecases.observed import conclude
from bot.usecases.transitions import save, transition
from bot.usecases.waiting import has_come_by, was_in_vain
from bot.workers.standing import standing


class Allotments:
    """See the module; shared by all who ask for lockers."""

    def __init__(self, database: Database, lockers: Lockers, clock: Clock, policy: Policy) -> None:
        self._database, self._lockers, self._clock, self._policy = database, lockers, clock, policy

    async def somebody_elses(self, delivery: Delivery, locker: LockerId) -> bool:
        """Whether another live delivery of ours has this locker."""
        return bool(await self._database.look(lambda tx: _others(tx, delivery, locker)))

    async def promised(self, delivery: Delivery, towers: Sequence[TowerId]) -> list[Wait]:
        """The waits at these towers to which a locker is promised, but for its sender's."""
        now = self._clock.now()
        waits = await self._database.glance(lambda tx: tx.waits_at(towers))
        return promised_to_others(waits, delivery.sender, now)

    async def left_over(
        self, delivery: Delivery, lockers: Iterable[Locker], promised: Collection[Wait]
    ) -> list[Locker]:
        """The free ones of `lockers`, without what is `promised` among them."""
        sizes = {wait.size for wait in promised}
        truly = [
            locker
            for locker in lockers
            if locker.status is LockerStatus.AVAILABLE
            and not (
                locker.size in sizes
                and await self.somebody_elses(replace(delivery, tower=locker.tower), locker.id)
            )
        ]
        return left_over(truly, promised)

    async def held(self, delivery: Delivery, locker: LockerId) -> Locker | None:
        """The locker as Harbor lists it among ours; None when it does not, or when another live
        delivery of ours has it."""
        assigned = await self._lockers.assigned()
        ours = next((x for x in assigned if (x.tower, x.id) == (delivery.tower, locker)), None)
        if ours is None or await self.somebody_elses(delivery, locker):
            return None
        return ours

    async def write_down(self, delivery: Delivery, locker: LockerId, hold: timedelta) -> Delivery:
        """Which locker is tried, and till when it is ours at most, should the answer be lost: for
        so long a `hold` from now on."""

        async def step(tx: Transaction) -> Delivery:
            now = self._clock.now()
            before = delivery.candidate
            if before and before != locker:
                await tx.no_longer_vouch(delivery.tower, before)
            if locker:
                await tx.vouch(delivery.tower, locker, delivery.id, now)
            candidate = replace(delivery, candidate=locker, held_until=now + hold)
            return await save(tx, candidate, now=now, policy=self._policy, seen=False)

        return await self._database.run(step, brief=True)

    async def had(
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
            await has_come_by(tx, current, now=self._clock.now())
            if current.candidate != locker.id:
                await tx.vouch(locker.tower, locker.id, current.id, self._clock.now())
            after = await self._reserved(tx, current, asked, locker, code_next=code is None)
            if code is not None:
                await self._issued(tx, after, code)

        await self._database.run(step, brief=True)

    async def _too_late(
        self, tx: Transaction, current: Delivery, asked: Delivery, locker: Locker
    ) -> None:
        """Given up meanwhile: the locker is written down, for the worker to give it back."""
        now = self._clock.now()
        await tx.vouch(locker.tower, locker.id, current.id, now)
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
        self,
        tx: Transaction,
        current: Delivery,
        asked: Delivery,
        locker: Locker,
        *,
        code_next: bool,
    ) -> Delivery:
        """Harbor holds it, though its door may be left out of booking: its card then says so. With
        `code_next`, whoever waits at the tower for its code gets one."""
        now, by = self._clock.now(), current.request.by if current.request else None
        token = (
            HarborRequest.made(RequestKind.DROP_OFF_TOKEN, now, by) if code_next and by else None
        )
        closure = await tx.door_closed(locker.tower, locker.id)
        return await transition(
            tx,
            current,
            Event.RESERVED,
            now=now,
            policy=self._policy,
            detail=locker.name,
            request=token,
            trouble=None,
            candidate=None,
            tower=locker.tower,
            locker=locker.id,
            locker_name=locker.name,
            locker_size=locker.size,
            reservation=asked.reservation,
            held_until=asked.held_until,
            door_suspect=closure is not None,
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
        await keep_code(tx, after, code, now=now)

    async def none_left(
        self, delivery: Delivery, request: HarborRequest, elsewhere: TowerId | None
    ) -> None:
        """There is no locker to be had: `elsewhere` is the nearest tower that has one."""

        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            current = await standing(tx, delivery, request)
            if current is None:
                raise Conflict("asked for something else meanwhile")
            await was_in_vain(tx, current, now=now)
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

        await self._database.run(step, brief=True)


async def _others(tx: Transaction, delivery: Delivery, locker: LockerId) -> list[Delivery]:
    """The live deliveries of ours, other than this one, that have the locker."""
    live = await tx.live_at(delivery.tower, locker)
    return [other for other in live if other.id != delivery.id and other.locker == locker]
