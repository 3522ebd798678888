"""Carries out at Harbor what is asked for deliveries.

Guarantees: one call at a time for each delivery, whatever the number of replicas: its turn is taken
by a lease before the call; many deliveries side by side, so many of one tower at most; a call that
changes something at Harbor is preceded by a commit that says so, and after an unknown outcome
Harbor is looked at before it is asked again; after a failure of our own what Harbor gave is used,
and not asked for once more; an answer to a request that has been replaced
meanwhile is no answer to its successor.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.domain.delivery import Delivery, HarborRequest, RequestKind, Trouble, Turn
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, LockerId, TowerId
from bot.domain.lifecycle import Event, State
from bot.domain.observations import AFTER_HOLD, may_hold_parcel
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from bot.domain.tower import LockerStatus
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.deliveries import Leased
from bot.ports.errors import (
    Conflict,
    Misconfigured,
    NotOffered,
    OutcomeUnknown,
    Refused,
    TryLater,
)
from bot.ports.lockers import Lockers
from bot.ports.signals import CAUSE
from bot.usecases.cards import keep_code, tell
from bot.usecases.transitions import save, transition
from bot.usecases.visit import leave_out
from bot.workers.allocation import Allocator
from bot.workers.codes import Issued, issue
from bot.workers.given import Given
from bot.workers.link_allocation import ANY_LOCKER
from bot.workers.loop import Dues, Underway, backoff
from bot.workers.open_requests import OpenRequests
from bot.workers.signals import Signals

log = structlog.get_logger()

AT_ONCE = 64
A_TOWER = 16
"""Of one tower at once: a slow tower delays only its own."""
_PATIENCE = 60.0
"""Seconds for carrying out one request; whatever takes longer has an unknown outcome."""
_LEASE = timedelta(seconds=90)
"""How long a request is a replica's own: longer than its patience, so two never act at once."""
_LEFT = timedelta(seconds=_PATIENCE)
"""With less than this left of its lease, after waiting for its tower, a request is given back."""
_MAKES_SENSE_IN: dict[RequestKind, frozenset[State]] = {
    RequestKind.LOCKER: frozenset({State.REQUESTED}),
    RequestKind.DROP_OFF_TOKEN: frozenset({State.RESERVED, State.RENTED}),
    RequestKind.PICK_UP_TOKEN: frozenset({State.STORED}),
    RequestKind.RELEASE: frozenset({State.RELEASING, State.CLOSED}),
}
"""In which states a request still makes sense; overtaken by events, it is dropped."""


class HarborRequests:
    """See the module; `turn` starts on every request that is due."""

    def __init__(
        self,
        database: Database,
        lockers: Lockers,
        clock: Clock,
        policy: Policy,
        signals: Signals,
        open_requests: OpenRequests,
    ) -> None:
        self._database, self._lockers, self._clock, self._policy = database, lockers, clock, policy
        self._signals = signals
        self._allocator = Allocator(database, lockers, clock, policy, open_requests)
        self._underway: Underway[DeliveryId] = Underway(AT_ONCE, self._finished)
        self._towers: defaultdict[TowerId, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(A_TOWER)
        )
        self._carry: dict[RequestKind, Callable[[Delivery, HarborRequest], Awaitable[None]]] = {
            RequestKind.LOCKER: self._allocator.allocate,
            RequestKind.DROP_OFF_TOKEN: self._token,
            RequestKind.PICK_UP_TOKEN: self._token,
            RequestKind.RELEASE: self._release,
        }
        self._given: Given[Issued] = Given()
        self._dues = Dues(clock.now())
        self._full = False

    async def recover(self) -> None:
        """At start: what a process that was killed held is anybody's, if there are no others whose
        it might be."""
        if not self._database.shared:
            await self._database.run(lambda tx: tx.free_requests())

    async def turn(self) -> datetime | None:
        """Start on all that is due; say when the next request falls due. Raises what a start died
        of, which is that nothing can be written."""
        self._underway.raise_failure()
        now = self._clock.now()
        self._dues.take(self._signals.requests, now)
        await self._dues.when_come(now, self._look)
        return self._dues.next

    async def _look(self, now: datetime) -> None:
        room = AT_ONCE - len(self._underway)
        self._full = room == 0
        if self._full:
            return  # whoever finishes looks again
        leased = await self._database.run(
            lambda tx: tx.lease_requests(now, now + _LEASE, room), one_statement=True
        )
        for each in leased:
            # Of one whose last turn was given back a moment ago whoever did so may not be gone yet.
            self._underway.follow(each.delivery.id, self._see_to(each, now + _LEASE))
        if len(leased) == room:
            self._dues.add(now)
        await self._dues.look_ahead(self._database, now, lambda tx: tx.next_request_due())

    def _finished(self, delivery: DeliveryId) -> None:
        if self._underway.failed:  # its turn may not have been given back: it runs out
            self._dues.add(self._clock.now() + _LEASE)
        if self._full or self._underway.failed:
            self._signals.requests.set()

    @property
    def busy(self) -> bool:
        """Whether any delivery is being seen to, or about to be."""
        return bool(len(self._underway) or self._signals.requests.is_set)

    async def settle(self) -> None:
        """Wait for what is under way (at shutdown, and in tests)."""
        await self._underway.settle()

    async def _see_to(self, leased: Leased, until: datetime) -> None:
        if (request := leased.delivery.request) is not None:
            CAUSE.set(self._signals.journal.cause_of_request(request.id))
        structlog.contextvars.bind_contextvars(delivery=leased.delivery.id)
        async with self._towers[leased.delivery.tower]:
            fenced = self._database.replicas.holds(leased.lease)
            if fenced and until - self._clock.now() >= _LEFT:
                await self._attempt(leased)
        await self._database.run(lambda tx: tx.give_back(leased), one_statement=True)

    async def _attempt(self, leased: Leased) -> None:
        delivery, request = leased.delivery, leased.delivery.request
        assert request is not None, "only what is asked for is leased"
        try:
            async with asyncio.timeout(_PATIENCE):
                if delivery.state in _MAKES_SENSE_IN[request.kind]:
                    await self._carry[request.kind](delivery, request)
                else:
                    await self._done_with(request, delivery)
        except Conflict:
            log.debug("request_overtaken", delivery=delivery.id)
        except (TryLater, OutcomeUnknown, Misconfigured, TimeoutError) as error:
            await self._put_off(leased, error)
        except Refused as error:
            log.warning(
                "request_refused", delivery=delivery.id, request=request.kind.value, why=str(error)
            )
            await self._unless_overtaken(self._give_up(delivery, request))
        except Exception:
            log.exception("request_failed", delivery=delivery.id, request=request.kind.value)
            await self._put_off(leased, None)

    async def _current(
        self, tx: Transaction, delivery: Delivery, request: HarborRequest
    ) -> Delivery | None:
        """The delivery as it is, if the request still stands."""
        current = await tx.delivery(delivery.id)
        return current if current is not None and current.still_asks(request) else None

    async def _done_with(
        self, request: HarborRequest, delivery: Delivery, **changes: object
    ) -> None:
        """The request is carried out (or of no use any more), and these fields have changed."""

        async def step(tx: Transaction) -> None:
            current = await self._current(tx, delivery, request)
            if current is None:
                return
            now = self._clock.now()
            after = replace(current, request=None, **changes)  # type: ignore[arg-type]  # Delivery's own fields
            seen = after.trouble is not current.trouble
            after = await save(tx, after, now=now, policy=self._policy, seen=seen)
            if seen:
                await tell(tx, after, now=now)
            if after.trouble is Trouble.REFUSED and after.turn is Turn.NOW:
                await leave_out(tx, after, now=now, policy=self._policy)

        await self._database.run(step, brief=True)

    async def _give_up(self, delivery: Delivery, request: HarborRequest) -> None:
        """Harbor said no for good: the watcher will see how things stand; the card says so."""
        if request.kind is RequestKind.LOCKER:
            await self._allocator.none_left(delivery, request)
            return
        at = delivery.locker or delivery.candidate  # where the watcher has to look from now on
        await self._done_with(request, delivery, trouble=Trouble.REFUSED, locker=at, candidate=None)

    async def _put_off(self, leased: Leased, error: Exception | None) -> None:
        """Later again. After the second failure in a row the cards say that Harbor is away; not so
        where the failure is our own (`error` None)."""
        delivery, request = leased.delivery, leased.delivery.request
        assert request is not None, "only what is asked for is leased"
        asked = error.after if isinstance(error, TryLater) else None
        due = self._clock.now() + max(backoff(request.failures), timedelta(seconds=asked or 0))
        away = error is not None and request.failures > 0
        said = delivery.trouble is Trouble.HARBOR_AWAY or not away

        async def step(tx: Transaction) -> None:
            if not said and (current := await self._current(tx, delivery, request)) is not None:
                now = self._clock.now()
                await self._harbor_away(tx, current, now)
            await tx.request_failed(leased, due)

        await self._unless_overtaken(self._database.run(step, one_statement=said))
        self._signals.requests.set(due)

    async def _harbor_away(self, tx: Transaction, delivery: Delivery, now: datetime) -> None:
        """Said on the cards; on those of a successor that waits for this locker's release too."""
        away = replace(delivery, trouble=Trouble.HARBOR_AWAY)
        await tell(tx, await save(tx, away, now=now, policy=self._policy), now=now)
        waits = await tx.delivery(delivery.successor) if delivery.successor else None
        if waits is not None and waits.state is State.REQUESTED and waits.request is None:
            await self._harbor_away(tx, waits, now)

    async def _unless_overtaken(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Conflict:
            log.debug("request_overtaken")

    async def _token(self, delivery: Delivery, request: HarborRequest) -> None:
        """Ask for a token; safe to repeat after a lost answer, since nobody was shown that one."""
        if delivery.locker is None:
            await self._done_with(request, delivery)
            return
        asked_at = self._clock.now()
        given = self._given.to(request)
        if given is None or given.code.expires_at <= asked_at:
            given = await issue(self._lockers, delivery, request, asked_at, self._policy)
            self._given.keep(request, given)
        issued = given

        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            current = await self._current(tx, delivery, request)
            if current is None or current.state not in _MAKES_SENSE_IN[request.kind]:
                return
            code = replace(issued.code, revealed=request.by is not None)
            if request.by is not None:
                tx.answers(request.by)
            changes: dict[str, Any] = {"code_until": code.expires_at}
            if issued.event is Event.DROP_OFF_ISSUED:
                changes |= {"held_until": code.expires_at, "reminders_sent": 0}
            if issued.fell_back:
                changes |= {"pick_up_opener": Opener.TOKEN}
                await tx.record(HistoryEntry(current.id, now, HistoryEvent.FELL_BACK))
            after = await transition(
                tx,
                current,
                issued.event,
                now=now,
                policy=self._policy,
                by=request.by,
                request=None,
                trouble=None,
                **changes,
            )
            await keep_code(tx, after, code, now=now)

        await self._database.run(step, brief=True)
        self._given.forget(request)

    async def _release(self, delivery: Delivery, request: HarborRequest) -> None:
        """Give back what is held, by whichever call fits how Harbor sees the locker."""
        if delivery.candidate == ANY_LOCKER and delivery.locker is None:
            await self._allocator.give_back_unnamed(delivery)
        locker = delivery.locker or delivery.candidate
        held = await self._allocator.held(delivery, locker) if locker else None
        if not locker or held is None:
            await self._nothing_held(delivery, request, locker)
        elif held.status is LockerStatus.RESERVED:
            await self._cancel_reservation(delivery, request, locker)
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
            ours_perhaps = status in (LockerStatus.RESERVED, LockerStatus.RENTED)
            over = delivery.held_until or delivery.changed_at or self._clock.now()
            ours_perhaps &= self._clock.now() <= over + AFTER_HOLD
            if ours_perhaps and not elsewhere:
                raise TryLater("the two readings disagree")
        if delivery.state is State.CLOSED:
            await self._done_with(request, delivery)
            await self._no_longer_ours(delivery, locker)
            return

        async def step(tx: Transaction) -> None:
            now = self._clock.now()
            current = await self._current(tx, delivery, request)
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
        except (NotOffered, Refused) as error:
            log.info("reservation_left_to_lapse", delivery=delivery.id, why=str(error))
        await self._leave_to_watcher(delivery, request, locker)

    async def _leave_to_watcher(
        self, delivery: Delivery, request: HarborRequest, locker: LockerId
    ) -> None:
        """Nothing more to ask; a locker that was only being tried is now known to be ours."""
        await self._done_with(request, delivery, locker=locker, candidate=None)
        if delivery.state is State.CLOSED:  # which nothing is concluded for any more
            await self._no_longer_ours(delivery, locker)

    async def _no_longer_ours(self, delivery: Delivery, locker: LockerId | None) -> None:
        """Whatever the locker is from now on, this delivery has not asked for it."""
        if locker is not None:
            await self._database.run(
                lambda tx: tx.no_longer_vouch(delivery.tower, locker), one_statement=True
            )
