"""Carries out at Harbor what deliveries want of it.

Guarantees: one want at a time for each delivery (whatever the number of replicas: a want is claimed
before it is carried out, by putting it off in a commit), many deliveries side by side; a call that
changes something at Harbor is preceded by a commit that says so, and after an unknown outcome
Harbor is looked at before it is asked again; so no locker is ever held that nobody remembers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.domain.delivery import Delivery, RequestKind, Trouble
from bot.domain.ids import DeliveryId, LockerId
from bot.domain.lifecycle import Event, State
from bot.domain.observations import AFTER_HOLD
from bot.domain.policy import Policy
from bot.domain.tower import Locker, LockerStatus
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.errors import Conflict, Misconfigured, NotOffered, OutcomeUnknown, Refused, TryLater
from bot.ports.lockers import Lockers
from bot.usecases.cards import show_code, take_code_away, tell
from bot.usecases.transitions import save, transition
from bot.workers.allocation import Allocator
from bot.workers.codes import issue
from bot.workers.loop import Underway, backoff

log = structlog.get_logger()

AT_ONCE = 16
_PATIENCE = 60.0
"""Seconds for carrying out one want; whatever takes longer has an unknown outcome."""
_CLAIM = timedelta(seconds=90)
"""How long a want is a replica's own: longer than its patience, so that two never act at once."""
_MOST_CLAIMED = 1000
_WANTED_IN: dict[RequestKind, frozenset[State]] = {
    RequestKind.LOCKER: frozenset({State.REQUESTED}),
    RequestKind.DROP_OFF_TOKEN: frozenset({State.RESERVED, State.RENTED}),
    RequestKind.PICK_UP_TOKEN: frozenset({State.STORED}),
    RequestKind.RELEASE: frozenset({State.RELEASING, State.CLOSED}),
}
"""In which states a want still makes sense; overtaken by events, it is dropped."""


class HarborRequests:
    """See the module. `poke_outbox` and `poke_watcher` are called after each commit."""

    def __init__(
        self,
        database: Database,
        lockers: Lockers,
        clock: Clock,
        policy: Policy,
        *,
        poke_outbox: Callable[[], None],
        poke_watcher: Callable[[], None],
    ) -> None:
        self._database, self._lockers, self._clock, self._policy = database, lockers, clock, policy
        self._poke_outbox, self._poke_watcher = poke_outbox, poke_watcher
        self._finder = Allocator(database, lockers, clock, policy)
        self._underway: Underway[DeliveryId] = Underway(AT_ONCE, lambda: self.poke())
        self._carry: dict[RequestKind, Callable[[Delivery], Awaitable[None]]] = {
            RequestKind.LOCKER: self._finder.find,
            RequestKind.DROP_OFF_TOKEN: self._token,
            RequestKind.PICK_UP_TOKEN: self._token,
            RequestKind.RELEASE: self._release,
        }
        self.poke: Callable[[], None] = lambda: None

    async def recover(self) -> None:
        """At start: what a process that was killed had claimed is due now, if there are no others
        whose claim it might be."""
        if self._database.shared:
            return

        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            for claimed in await tx.deliveries_wanting(now + _CLAIM, _MOST_CLAIMED):
                await tx.save_delivery(replace(claimed, want_due=now))

        await self._database.run(step)

    async def turn(self) -> datetime | None:
        """Start on all that is due; say when the next want falls due. Raises what a start died of,
        which is that nothing can be written."""
        self._underway.raise_failure()
        now = self._clock.now()
        due = await self._database.look(lambda tx: tx.deliveries_wanting(now, AT_ONCE * 2))
        for delivery in due:
            self._underway.start(delivery.id, self._see_to(delivery))
        if due:
            return None  # whoever has claimed one, or finishes, pokes us
        return await self._database.look(lambda tx: tx.next_want())

    @property
    def busy(self) -> int:
        """How many deliveries are being seen to."""
        return len(self._underway)

    async def settle(self) -> None:
        """Wait for what is under way (at shutdown, and in tests)."""
        await self._underway.settle()

    async def _see_to(self, due: Delivery) -> None:
        claimed = await self._claimed(due)
        if claimed is None:
            return
        self.poke()  # what falls due next can be told now
        await self._attempt(claimed)
        await self._hand_back(claimed)
        self._poke_outbox()
        if claimed.want is RequestKind.LOCKER:
            self._poke_watcher()  # it may be idling, with nothing to look at until now

    async def _claimed(self, due: Delivery) -> Delivery | None:
        """The delivery, its want put off till nobody can be at work on it any more."""

        async def step(tx: Transaction) -> Delivery | None:
            now = self._clock.now()
            current = await tx.delivery(due.id)
            if current is None or current.want is None or current.want_due is None:
                return None
            if current.want_due > now:
                return None
            return await tx.save_delivery(replace(current, want_due=now + _CLAIM))

        return await self._database.run(step)

    async def _hand_back(self, claimed: Delivery) -> None:
        """What came to be wanted in the meantime has waited for us, and is due now."""

        async def step(tx: Transaction) -> None:
            current = await tx.delivery(claimed.id)
            if current is not None and current.want_due == claimed.want_due:
                due = self._clock.now() if current.want else None
                await tx.save_delivery(replace(current, want_due=due))

        current = await self._database.look(lambda tx: tx.delivery(claimed.id))
        if current is not None and current.want_due == claimed.want_due:
            await self._database.run(step)

    async def _attempt(self, delivery: Delivery) -> None:
        assert delivery.want is not None
        want = delivery.want
        try:
            async with asyncio.timeout(_PATIENCE):
                if delivery.state in _WANTED_IN[want]:
                    await self._carry[want](delivery)
                else:
                    await self._done_with(delivery)
        except Conflict:
            log.debug("want_overtaken", delivery=delivery.id)
        except (TryLater, OutcomeUnknown, Misconfigured, TimeoutError) as error:
            await self._postpone(delivery, error)
        except Refused as error:
            log.warning("want_refused", delivery=delivery.id, want=want.value, why=str(error))
            await self._give_up(delivery)
        except Exception:
            log.exception("want_failed", delivery=delivery.id, want=want.value)
            await self._postpone(delivery, None)

    async def _done_with(self, delivery: Delivery, **changes: object) -> None:
        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            after = replace(delivery, want=None, want_due=None, want_attempts=0)
            after = replace(after, **changes)  # type: ignore[arg-type]  # Delivery's own fields
            seen = after.trouble is not delivery.trouble
            await save(tx, after, now=now, policy=self._policy, seen=seen)
            if seen:
                await tell(tx, after, now=now)

        await self._database.run(step)

    async def _give_up(self, delivery: Delivery) -> None:
        """Harbor said no for good: the watcher will see how things stand; the card says so."""
        current = await self._database.look(lambda tx: tx.delivery(delivery.id))
        if current is not None and current.want is delivery.want:
            await self._swallowing(self._without(current))
        self._poke_watcher()

    async def _without(self, current: Delivery) -> None:
        if current.want is RequestKind.LOCKER:
            await self._finder.none_left(current)
            return
        at = current.locker or current.candidate  # where the watcher has to look from now on
        await self._done_with(current, trouble=Trouble.REFUSED, locker=at, candidate=None)

    async def _postpone(self, delivery: Delivery, error: Exception | None) -> None:
        asked = error.after if isinstance(error, TryLater) else None

        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            current = await tx.delivery(delivery.id)
            if current is None or current.want is not delivery.want:
                return
            wait = max(backoff(current.want_attempts), timedelta(seconds=asked or 0))
            first = current.trouble is not Trouble.HARBOR_AWAY and current.want_attempts > 0
            after = replace(
                current,
                want_due=now + wait,
                want_attempts=current.want_attempts + 1,
                trouble=Trouble.HARBOR_AWAY if first else current.trouble,
            )
            await save(tx, after, now=now, policy=self._policy, seen=first)
            if first:
                await tell(tx, after, now=now)

        await self._swallowing(self._database.run(step))

    async def _swallowing(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Conflict:
            log.debug("want_overtaken")

    async def _token(self, delivery: Delivery) -> None:
        """Ask for a token; safe to repeat, since one that was lost has been shown to nobody."""
        if delivery.locker is None or delivery.want is None:
            await self._done_with(delivery)
            return
        issued = await issue(
            self._lockers, delivery, delivery.want, self._clock.now(), self._policy
        )

        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            current = await tx.delivery(delivery.id)
            if current is None or current.want is not delivery.want:
                return
            if current.want_by != delivery.want_by or current.state not in _WANTED_IN[issued.want]:
                return
            code = replace(issued.code, revealed=current.want_by is not None)
            after = await transition(
                tx,
                current,
                issued.event,
                now=now,
                policy=self._policy,
                by=current.want_by,
                want=None,
                want_due=None,
                want_attempts=0,
                trouble=None,
                reminders_sent=0
                if issued.event is Event.DROP_OFF_ISSUED
                else current.reminders_sent,
                held_until=code.expires_at
                if issued.event is Event.DROP_OFF_ISSUED
                else current.held_until,
                code_until=code.expires_at,
            )
            await take_code_away(tx, after, now=now)
            await tx.save_code(code)
            await show_code(tx, after, code.holder, now=now, ring=True)

        await self._database.run(step)

    async def _release(self, delivery: Delivery) -> None:
        """Give back what is held, by whichever call fits how Harbor sees the locker."""
        locker = delivery.locker or delivery.candidate
        held = await self._held(delivery, locker) if locker is not None else None
        if locker is None or held is None:
            await self._nothing_held(delivery, locker)
        elif held.status is LockerStatus.RESERVED:
            await self._cancel_reservation(delivery, locker)
        elif held.status is LockerStatus.RENTED:
            await self._lockers.release(delivery.tower, locker)
            await self._leave_to_watcher(delivery, locker)
        else:  # declined: on its way back; occupied: the watcher has news
            await self._leave_to_watcher(delivery, locker)
        self._poke_watcher()

    async def _held(self, delivery: Delivery, locker: LockerId) -> Locker | None:
        assigned = await self._lockers.assigned()
        mine = next((x for x in assigned if (x.tower, x.id) == (delivery.tower, locker)), None)
        if mine is None or await self._finder.somebody_elses(delivery, locker):
            return None
        return mine

    async def _nothing_held(self, delivery: Delivery, locker: LockerId | None) -> None:
        """Absence is believed only when the tower's own list agrees (or nothing was ever tried)."""
        if locker is not None:
            at_tower = await self._lockers.lockers(delivery.tower)
            status = next((x.status for x in at_tower if x.id == locker), None)
            ours_perhaps = status in (LockerStatus.RESERVED, LockerStatus.RENTED)
            over = delivery.held_until or delivery.changed_at or self._clock.now()
            ours_perhaps &= self._clock.now() <= over + AFTER_HOLD
            if ours_perhaps and not await self._finder.somebody_elses(delivery, locker):
                raise TryLater("the two readings disagree")
        if delivery.state is State.CLOSED:
            await self._done_with(delivery)
            return

        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            await transition(
                tx,
                delivery,
                Event.RELEASED,
                now=now,
                policy=self._policy,
                want=None,
                want_due=None,
                trouble=None,
                ended_at=now,
                held_until=None,
            )

        await self._database.run(step)

    async def _cancel_reservation(self, delivery: Delivery, locker: LockerId) -> None:
        """Where Harbor offers no such call, the reservation runs out by itself."""
        try:
            await self._lockers.cancel_reservation(delivery.tower, locker, delivery.reservation)
        except (NotOffered, Refused) as error:
            log.info("reservation_left_to_lapse", delivery=delivery.id, why=str(error))
        await self._leave_to_watcher(delivery, locker)

    async def _leave_to_watcher(self, delivery: Delivery, locker: LockerId) -> None:
        """Nothing more to ask; a locker that was only being tried is now known to be ours."""
        await self._done_with(delivery, locker=locker, candidate=None)
