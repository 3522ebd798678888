"""How a delivery changes: the one function through which every event passes.

Guarantees: an event, its line in the history, the cards it puts out of date and the next deadline
are written in the caller's transaction, all or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.deadlines import next_deadline
from bot.domain.delivery import Delivery, Role
from bot.domain.history import HistoryEntry
from bot.domain.ids import PersonId
from bot.domain.lifecycle import Event, advance
from bot.domain.policy import Policy
from bot.ports.database import Transaction
from bot.usecases.alerts import raise_alert, settle_alerts
from bot.usecases.cards import tell

ROUSES: Mapping[Event, frozenset[Role]] = {
    Event.DROPPED_OFF: frozenset({Role.SENDER, Role.RECIPIENT}),
    Event.COLLECTED: frozenset({Role.SENDER, Role.RECIPIENT}),
    Event.OVERDUE: frozenset({Role.SENDER, Role.RECIPIENT}),
    Event.CLOSED: frozenset({Role.SENDER, Role.RECIPIENT}),
    Event.LAPSED: frozenset({Role.SENDER}),
}
"""Whose phone rings at which event; at any other, cards change in silence."""


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
    await tx.record(HistoryEntry(after.id, now, event.value, by, detail))
    rouse = ROUSES.get(event, frozenset())
    if event is Event.OVERDUE and after.taken_back:
        rouse -= {Role.RECIPIENT}  # it is not theirs to fetch any more
    collector = [after.collector] if after.collector is not None else []
    visitors = collector if event in _VISITS else None
    await tell(tx, after, now=now, rouse=rouse, visitors=visitors)
    return after


async def save(
    tx: Transaction, delivery: Delivery, *, now: datetime, policy: Policy, seen: bool = True
) -> Delivery:
    """Save a changed delivery; `seen` when people can see the change. Raises Conflict."""
    return await tx.save_delivery(
        replace(
            delivery,
            revision=delivery.revision + seen,
            changed_at=now,
            deadline_at=next_deadline(delivery, policy),
        )
    )


async def conclude(
    tx: Transaction,
    delivery: Delivery,
    event: Event,
    *,
    now: datetime,
    policy: Policy,
    occupied_at: datetime | None = None,
) -> Delivery:
    """Let an observed event happen, with all that follows from it."""
    await tx.drop_code(delivery.id)  # its message goes as `tell` says
    changes: dict[str, Any] = {
        "request": None,
        "trouble": None,
        "code_until": None,
        "held_until": None,
        "reminders_sent": 0,
    }
    if event is Event.DROPPED_OFF:
        changes |= {
            "occupied_at": occupied_at,
            "reported_at": now,
            "collect_until": now + policy.storage,
        }
    else:
        await settle_alerts(tx, delivery, policy, now=now)
        if event is Event.COLLECTED:
            changes |= {"collected_at": now}
            await tx.drop_claim(delivery.id)
            await _wonder(tx, delivery, policy, now=now)
    return await transition(tx, delivery, event, now=now, policy=policy, **changes)


async def _wonder(tx: Transaction, delivery: Delivery, policy: Policy, *, now: datetime) -> None:
    """A parcel that left before anybody was given a code for it is the operators' business."""
    issued = Event.PICK_UP_ISSUED.value
    if all(moment.event != issued for moment in await tx.history(delivery.id)):
        await raise_alert(tx, f"gone:{delivery.id}", policy, now=now, delivery=delivery.id)
