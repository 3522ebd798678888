"""What a locker's status, seen at Harbor, means for a delivery: a table and the rules beside it.

Guarantees: `meaning` answers for every (state, observed status); nothing in here has an effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.domain.delivery import Delivery
from bot.domain.ids import LockerId, TowerId
from bot.domain.lifecycle import HOLDING, Event, State
from bot.domain.tower import LockerStatus


class Odd(StrEnum):
    """An observation that the table does not explain: the operator is told once."""

    ODD = "odd"


_EXPECTED: Mapping[State, frozenset[LockerStatus]] = {
    State.RESERVED: frozenset({LockerStatus.RESERVED, LockerStatus.RENTED}),
    State.RENTED: frozenset({LockerStatus.RENTED}),
    State.RELEASING: frozenset({LockerStatus.RESERVED, LockerStatus.RENTED, LockerStatus.DECLINED}),
    State.STORED: frozenset({LockerStatus.OCCUPIED}),
}

_NEWS: Mapping[tuple[State, LockerStatus], Event] = {
    (State.RENTED, LockerStatus.OCCUPIED): Event.DROPPED_OFF,
    (State.RELEASING, LockerStatus.OCCUPIED): Event.DROPPED_OFF,
    (State.LAPSED, LockerStatus.OCCUPIED): Event.DROPPED_OFF,
    (State.CANCELLED, LockerStatus.OCCUPIED): Event.DROPPED_OFF,
    (State.CLOSED, LockerStatus.OCCUPIED): Event.DROPPED_OFF,
    (State.RESERVED, LockerStatus.AVAILABLE): Event.LAPSED,
    (State.RENTED, LockerStatus.AVAILABLE): Event.LAPSED,
    (State.RELEASING, LockerStatus.AVAILABLE): Event.RELEASED,
    (State.STORED, LockerStatus.AVAILABLE): Event.COLLECTED,
}


def _observation(state: State, status: LockerStatus) -> Event | Odd | None:
    if (state, status) in _NEWS:
        return _NEWS[state, status]
    if state not in HOLDING or status in _EXPECTED[state]:
        return None
    return Odd.ODD


OBSERVATIONS: Mapping[tuple[State, LockerStatus], Event | Odd | None] = MappingProxyType(
    {(state, status): _observation(state, status) for state in State for status in LockerStatus}
)
"""What a locker's status means for the delivery that has (or last had) it: an event, nothing new
(None), or something the operator should see (ODD). AVAILABLE stands for "no longer ours", and is
only ever fed in after a second, different reading has confirmed it: see FREES."""

FREES: Mapping[State, frozenset[LockerStatus]] = MappingProxyType(
    {
        State.RESERVED: frozenset({LockerStatus.AVAILABLE}),
        State.RENTED: frozenset({LockerStatus.AVAILABLE, LockerStatus.RESERVED}),
        State.RELEASING: frozenset({LockerStatus.AVAILABLE}),
        State.STORED: frozenset(
            {
                LockerStatus.AVAILABLE,
                LockerStatus.RESERVED,
                LockerStatus.RENTED,
                LockerStatus.DECLINED,
            }
        ),
    }
)
"""Absence is not evidence: a locker missing from what is assigned to us has left a delivery in
`state` only if the tower's own list says one of these. From Occupied a locker reaches any other
status only by way of Available, so for STORED somebody else's reservation proves the pick-up."""


def meaning(state: State, status: LockerStatus) -> Event | Odd | None:
    """What it means that the locker of a delivery in `state` was seen with `status`."""
    return OBSERVATIONS[state, status]


Door = tuple[TowerId, LockerId]

AFTER_HOLD = timedelta(minutes=10)
"""How long after the end of a hold a locker that others may have by now is waited for."""


def door(delivery: Delivery) -> Door:
    """Where a delivery's parcel is, or was to be; locker 0 is none."""
    return delivery.tower, delivery.locker or LockerId(0)


def places(delivery: Delivery) -> Iterable[Door]:
    """The locker that the delivery has or had, and the one that it was to try."""
    for locker in (delivery.locker, delivery.candidate):
        if locker is not None:
            yield delivery.tower, locker


def may_hold_parcel(delivery: Delivery) -> bool:
    """Whether its parcel may be in the locker: it is, or a code that opens the door may be out."""
    if delivery.state is State.RELEASING:
        return delivery.locker is not None
    return delivery.state in (State.STORED, State.RENTED)


def has_left(delivery: Delivery, status: LockerStatus, now: datetime) -> bool:
    """Whether a locker that is not among those assigned to us has left the delivery, when its tower
    lists it with `status`.

    Nothing but our own hold makes a locker ours before a parcel is in: well after the end of that
    hold it is somebody else's. Not so where its tower says that a parcel is in it, and it may be
    ours: then only the list of what is assigned to us says otherwise, and may be lacking.
    """
    if status in FREES[delivery.state]:
        return True
    if delivery.state is State.STORED or status is LockerStatus.UNKNOWN:
        return False
    if status is LockerStatus.OCCUPIED and may_hold_parcel(delivery):
        return False
    return delivery.held_until is not None and now > delivery.held_until + AFTER_HOLD
