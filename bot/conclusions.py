"""What follows when something has been observed of a delivery's locker.

Guarantees: the state, its times, the codes and claims that are over and the alerts that are settled
change in the caller's transaction, all or none.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.alerts import raise_alert, settle_alerts
from bot.happening import happen, take_code_away
from bot.lifecycle import FREES, Event, LockerStatus, State
from bot.model import Delivery, LockerId, TowerId
from bot.ports import Transaction
from bot.terms import Terms

Door = tuple[TowerId, LockerId]

AFTER_HOLD = timedelta(minutes=10)
"""How long after the end of a hold a locker that others may have by now is waited for."""


def door(delivery: Delivery) -> Door:
    """Where a delivery's parcel is, or was to be; locker 0 is none."""
    return delivery.tower, delivery.locker or LockerId(0)


def has_left(delivery: Delivery, status: LockerStatus, now: datetime) -> bool:
    """Whether a locker that is not among those assigned to us has left the delivery, when its tower
    lists it with `status`.

    Nothing but our own hold makes a locker ours before a parcel is in: well after the end of that
    hold it is somebody else's, whatever its status.
    """
    if status in FREES[delivery.state]:
        return True
    if delivery.state is State.STORED or status is LockerStatus.UNKNOWN:
        return False
    return delivery.held_until is not None and now > delivery.held_until + AFTER_HOLD


async def take(
    tx: Transaction,
    delivery: Delivery,
    event: Event,
    *,
    now: datetime,
    terms: Terms,
    occupied_at: datetime | None = None,
) -> Delivery:
    """Let an observed event happen, with all that follows from it."""
    await take_code_away(tx, delivery, now=now)
    changes: dict[str, Any] = {
        "want": None,
        "want_due": None,
        "trouble": None,
        "code_until": None,
        "held_until": None,
        "reminders_sent": 0,
    }
    if event is Event.DROPPED_OFF:
        changes |= {
            "occupied_at": occupied_at,
            "heard_at": now,
            "collect_until": now + terms.storage,
            "ended_at": None,
        }
    else:
        changes |= {"ended_at": now}
        await settle_alerts(tx, delivery, terms, now=now)
        if event is Event.COLLECTED:
            changes |= {"collected_at": now}
            await tx.drop_claim(delivery.id)
            await _wonder(tx, delivery, terms, now=now)
    return await happen(tx, delivery, event, now=now, terms=terms, **changes)


async def _wonder(tx: Transaction, delivery: Delivery, terms: Terms, *, now: datetime) -> None:
    """A parcel that left before anybody was given a code for it is the operators' business."""
    issued = Event.PICK_UP_ISSUED.value
    if all(moment.event != issued for moment in await tx.history(delivery.id)):
        await raise_alert(tx, f"gone:{delivery.id}", terms, now=now, delivery=delivery.id)
