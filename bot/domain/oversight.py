"""What operators should look at: deliveries that don't move, and those that hold a locker long.

Guarantees: pure functions of a delivery, the moment and the policy.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.delivery import Delivery
from bot.domain.lifecycle import State
from bot.domain.policy import Policy

PATIENCE = timedelta(minutes=10)
"""How long a delivery may stay where it is only passing through."""
EMPTY = timedelta(hours=2)
"""How long a locker may be held with no parcel in it, before operators see it as held long."""
_PASSING = (State.REQUESTED, State.RELEASING)
_HELD = (State.RESERVED, State.RENTED)


class Stale(StrEnum):
    """Why a delivery takes up a locker for longer than it should; the value is what buttons say."""

    OVERDUE = "overdue"
    """Its time to be collected has run out."""
    UNCLAIMED = "unclaimed"
    """The parcel lies there, and nobody has it yet."""
    HELD = "held"
    """It has had its locker for longer than a parcel may wait, or for hours with no parcel in."""


def is_stuck(delivery: Delivery, now: datetime) -> bool:
    """Whether somebody should look at this live delivery: in trouble, overdue, a door reported, or
    for too long in a state that it should only pass through."""
    if delivery.trouble or delivery.overdue_at or delivery.door_reports:
        return True
    since = delivery.held_until if delivery.state not in _PASSING else delivery.changed_at
    return delivery.state is not State.STORED and since is not None and now - since > PATIENCE


def is_stale(delivery: Delivery, why: Stale, now: datetime, policy: Policy) -> bool:
    """Whether the delivery takes up a locker for longer than it should, for this reason."""
    stored, since = delivery.state is State.STORED, delivery.reported_at
    lies = now - since if stored and since is not None else timedelta()
    if why is Stale.OVERDUE:
        return stored and delivery.overdue_at is not None
    if why is Stale.UNCLAIMED:
        return stored and delivery.unclaimed and lies > policy.awaited_reminder
    if delivery.state in _HELD:
        return delivery.changed_at is not None and now - delivery.changed_at > EMPTY
    return lies > policy.storage
