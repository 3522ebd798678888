"""What has been observed at Harbor befalls a delivery: a parcel is in, is out, a locker is gone.

Guarantees: all that follows is written in the caller's transaction: codes and claims that are over,
deadlines, alerts, and in a visit to several lockers the next one's turn.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.domain.alerts import gone_unasked
from bot.domain.delivery import Delivery, Turn
from bot.domain.history import HistoryEvent
from bot.domain.lifecycle import Event, State
from bot.domain.opening_hours import collectable_by
from bot.domain.policy import Policy
from bot.ports.database import Transaction
from bot.usecases.alerts import raise_alert
from bot.usecases.claims import make_claim
from bot.usecases.transitions import transition
from bot.usecases.visit import go_on


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
            "collect_until": collectable_by(await tx.tower(delivery.tower), now + policy.storage),
            "overdue_at": None,
        }
        await _claimable(tx, delivery)
        changes |= await _has_come(tx, delivery)
    elif event is Event.COLLECTED:
        changes |= {"collected_at": now}
        await tx.drop_claim(delivery.id)
        await _wonder(tx, delivery, policy, now=now)
        changes |= {"turn": None, "visit_at": None}
    after = await transition(tx, delivery, event, now=now, policy=policy, **changes)
    if event is Event.COLLECTED and delivery.turn is Turn.NOW:
        await go_on(tx, delivery, now=now, policy=policy)
    return after


async def _claimable(tx: Transaction, delivery: Delivery) -> None:
    """A parcel put in after an operator had ended the delivery can be collected all the same."""
    if delivery.state is State.CLOSED and delivery.unclaimed:
        await make_claim(tx, delivery.id)


async def _has_come(tx: Transaction, delivery: Delivery) -> dict[str, Any]:
    """Whoever is awaited and has opened the bot in the very moment in which they were picked has
    the parcel now."""
    person = (
        await tx.person(delivery.recipient) if delivery.awaited and delivery.recipient else None
    )
    if person is None or not person.reachable:
        return {}
    await tx.drop_claim(delivery.id)
    return {"awaited": False}


async def _wonder(tx: Transaction, delivery: Delivery, policy: Policy, *, now: datetime) -> None:
    """A parcel that left before anybody was given a code for it is the operators' business."""
    history = await tx.history(delivery.id)
    if all(entry.event is not HistoryEvent.PICK_UP_ISSUED for entry in history):
        await raise_alert(tx, gone_unasked(now, delivery), policy)
