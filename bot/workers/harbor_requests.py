"""Carries out at Harbor what is asked for deliveries.

Guarantees: one call at a time for each delivery, whatever the number of replicas: its turn is taken
by a lease before the call; many deliveries side by side, so many of one tower at most; a call that
changes something at Harbor is preceded by a commit that says so, and after an unknown outcome
Harbor is looked at before it is asked again; what gives a locker back is asked again after a
refusal, too. How each request is carried out: `allocation`, `code_requests`, `giving_back`.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.domain.delivery import Delivery, HarborRequest, RequestKind, Trouble
from bot.domain.ids import DeliveryId, TowerId
from bot.domain.lifecycle import State
from bot.domain.policy import Policy
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.deliveries import Leased
from bot.ports.errors import (
    Conflict,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    TryLater,
)
from bot.ports.lockers import Lockers
from bot.ports.signals import CAUSE
from bot.usecases.cards import tell
from bot.usecases.transitions import let_begin, save
from bot.workers.allocation import Allocator
from bot.workers.code_requests import CodeRequests
from bot.workers.giving_back import GivingBack, NotYet
from bot.workers.loop import Dues, Underway, backoff
from bot.workers.open_requests import OpenRequests
from bot.workers.signals import Signals
from bot.workers.standing import MAKES_SENSE_IN, CarriedOut, standing

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
_REFUSALS = 4
"""After so many failures a refusal to take a locker back is final."""
_AFTER_REFUSAL = timedelta(minutes=1)
"""Until Harbor is asked again after the first refusal; twice as long each time."""


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
        self._carried_out = done = CarriedOut(database, clock, policy)
        codes = CodeRequests(database, lockers, clock, policy, done)
        back = GivingBack(database, lockers, clock, policy, self._allocator, done)
        self._underway: Underway[DeliveryId] = Underway(AT_ONCE, self._finished)
        self._towers: defaultdict[TowerId, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(A_TOWER)
        )
        self._carry: dict[RequestKind, Callable[[Delivery, HarborRequest], Awaitable[None]]] = {
            RequestKind.LOCKER: self._allocator.allocate,
            RequestKind.DROP_OFF_TOKEN: codes.ask,
            RequestKind.PICK_UP_TOKEN: codes.ask,
            RequestKind.RELEASE: back.give_back,
        }
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
                if delivery.state in MAKES_SENSE_IN[request.kind]:
                    await self._carry[request.kind](delivery, request)
                else:
                    await self._carried_out.note(request, delivery)
        except Conflict:
            log.debug("request_overtaken", delivery=delivery.id)
        except (TryLater, OutcomeUnknown, Misconfigured, TimeoutError) as error:
            await self._put_off(leased, error)
        except Refused as error:
            log.warning(
                "request_refused", delivery=delivery.id, request=request.kind.value, why=str(error)
            )
            await self._unless_overtaken(self._refused(leased, delivery, request))
        except NotYet as error:
            log.info("request_not_yet", delivery=delivery.id, why=str(error))
            await self._put_off(leased, None)
        except Exception:
            log.exception("request_failed", delivery=delivery.id, request=request.kind.value)
            await self._put_off(leased, None)

    async def _refused(self, leased: Leased, delivery: Delivery, request: HarborRequest) -> None:
        """Harbor said no. It may take a locker back a little later all the same, and to ask for
        that twice does no harm; any other request is given up at once."""
        match request.kind:
            case RequestKind.LOCKER:
                await self._allocator.none_left(delivery, request)
            case RequestKind.RELEASE if request.failures < _REFUSALS:
                await self._ask_again(leased, delivery, request)
            case _:
                await self._give_up(delivery, request)

    async def _ask_again(self, leased: Leased, delivery: Delivery, request: HarborRequest) -> None:
        """In a while; the card says so, and a successor waits for that locker no longer."""
        due = self._clock.now() + _AFTER_REFUSAL * 2**request.failures

        async def step(tx: Transaction) -> None:
            current = await standing(tx, delivery, request)
            if current is not None and current.trouble is not Trouble.REFUSED:
                now, refused = self._clock.now(), replace(current, trouble=Trouble.REFUSED)
                await tell(tx, await save(tx, refused, now=now, policy=self._policy), now=now)
                if refused.successor is not None:
                    await let_begin(tx, refused.successor, now=now, policy=self._policy)
            await tx.request_failed(leased, due)

        await self._database.run(step)
        self._signals.requests.set(due)

    async def _give_up(self, delivery: Delivery, request: HarborRequest) -> None:
        """Harbor said no for good: the watcher will see how things stand; the card says so."""
        at = delivery.locker or delivery.candidate  # where the watcher has to look from now on
        await self._carried_out.note(
            request, delivery, trouble=Trouble.REFUSED, locker=at, candidate=None
        )

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
            if not said and (current := await standing(tx, delivery, request)) is not None:
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
