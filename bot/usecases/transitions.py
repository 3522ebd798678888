"""How a delivery changes: the one function through which every event passes.

Guarantees: an event, its line in the history, the cards it puts out of date and the next deadline
are written in the caller's transaction, all or none; the log hears of it once that is committed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.deadlines import next_deadline
from bot.domain.delivery import PARTIES, Delivery, HarborRequest, RequestKind, Role
from bot.domain.history import HistoryEntry, event_of
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import ENDS, LIVE, Event, State, advance
from bot.domain.policy import Policy
from bot.domain.rings import OF_EVENTS, roused
from bot.ports.database import Transaction
from bot.ports.signals import Change
from bot.usecases.alerts import revive_alerts, settle_alerts
from bot.usecases.cards import tell, tell_of_the_next

_VISITS = frozenset({Event.DROPPED_OFF, Event.COLLECTED})
"""Events that change a visit to the tower for the one who collects, and for nobody else."""


async def transition(
    tx: Transaction,
    delivery: Delivery,
    event: Event,
    *,
    now: datetime,
    policy: Policy,
    by: PersonId | None = None,
    detail: str | None = None,
    **changes: Any,
) -> Delivery:
    """Advance `delivery` by `event` with `changes` to its fields. Raises Illegal, Conflict."""
    state = advance(delivery.state, event)
    after = await save(tx, replace(delivery, state=state, **changes), now=now, policy=policy)
    entry = HistoryEntry(after.id, now, event_of(event), by, detail)
    await tx.record(entry, Change.to(after, entry.event, now, delivery.state))
    collector = [after.collector] if after.collector is not None else []
    visitors = collector if event in _VISITS else None
    await tell(tx, after, now=now, rouse=_roused(after, event), visitors=visitors)
    if delivery.state is State.PREPARED and state is not State.PREPARED:
        await tell_of_the_next(tx, after, begins=False, now=now)
    if delivery.state in LIVE and state in ENDS:
        await settle_alerts(tx, after, policy, now=now)
        if state is not State.CLOSED:  # whose locker is yet to be given back
            for locker in filter(None, (delivery.locker, delivery.candidate)):
                await tx.no_longer_vouch(delivery.tower, locker)
    elif delivery.state in ENDS and state in LIVE:
        await revive_alerts(tx, after)
    return after


def _roused(delivery: Delivery, event: Event) -> frozenset[Role]:
    rouse = roused(OF_EVENTS.get(event))
    if event is Event.CLOSED:
        return rouse & PARTIES
    if event is not Event.OVERDUE:
        return rouse
    if delivery.fetcher is not None:
        return frozenset()  # neither of them is to fetch it any more
    return rouse - {Role.RECIPIENT} if delivery.taken_back else rouse


async def save(
    tx: Transaction, delivery: Delivery, *, now: datetime, policy: Policy, seen: bool = True
) -> Delivery:
    """Save a changed delivery; `seen` when people can see a change by which a button may mean
    something else. Raises Conflict.

    A successor that waits for its locker to be given back asks for one of its own from then on.
    """
    after = await tx.save_delivery(
        replace(
            delivery,
            revision=delivery.revision + seen,
            changed_at=now,
            deadline_at=next_deadline(delivery, policy),
        )
    )
    if after.successor is not None and after.request is None:
        await let_begin(tx, after.successor, now=now, policy=policy)
    return after


async def let_begin(
    tx: Transaction, successor: DeliveryId, *, now: datetime, policy: Policy
) -> None:
    """A successor that waits for a locker to be given back asks for one of its own, if it has not
    done so."""
    waiting = await tx.delivery(successor)
    if waiting is not None and waiting.state is State.REQUESTED and waiting.request is None:
        wanted = HarborRequest.made(RequestKind.LOCKER, now, waiting.sender)
        await save(tx, replace(waiting, request=wanted, trouble=None), now=now, policy=policy)
