"""What may happen to a delivery, as three tables and the few lines that obey them.

Guarantees: `advance` knows exactly the pairs of TRANSITIONS (an illegal move is a missing key);
`meaning` answers for every (state, observed status); nothing in here has an effect.

A delivery's machine stands beside Harbor's own (Available, Reserved, Rented, Occupied, Declined):
ours moves when we *know*, and Harbor's server knows of a door only after a phone has synced the
tower. Late facts are therefore legal: a parcel put in after cancelling is STORED.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a delivery stands."""

    REQUESTED = "requested"
    RESERVED = "reserved"
    RENTED = "rented"
    RELEASING = "releasing"
    STORED = "stored"
    COLLECTED = "collected"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    NO_LOCKER = "no_locker"
    CLOSED = "closed"


class Event(StrEnum):
    """What can befall a delivery."""

    RESERVED = "reserved"
    NO_LOCKER = "no_locker"
    DROP_OFF_ISSUED = "drop_off_issued"
    DROPPED_OFF = "dropped_off"
    PICK_UP_ISSUED = "pick_up_issued"
    EXTENDED = "extended"
    OVERDUE = "overdue"
    COLLECTED = "collected"
    CANCELLED = "cancelled"
    RELEASED = "released"
    LAPSED = "lapsed"
    CLOSED = "closed"


class LockerStatus(StrEnum):
    """Harbor's six locker statuses (harbor.md §4.2), and one for whatever else it may say."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    RENTED = "rented"
    OCCUPIED = "occupied"
    DECLINED = "declined"
    OUT_OF_SERVICE = "out_of_service"
    UNKNOWN = "unknown"


class Odd(StrEnum):
    """An observation that the table does not explain: the operator is told once."""

    ODD = "odd"


class Illegal(Exception):
    """An event that the delivery's state does not allow; whoever asked must look again."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event.value} is not possible while {state.value}")
        self.state, self.event = state, event


TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.REQUESTED, Event.RESERVED): State.RESERVED,
        (State.REQUESTED, Event.NO_LOCKER): State.NO_LOCKER,
        (State.REQUESTED, Event.CANCELLED): State.RELEASING,
        (State.RESERVED, Event.DROP_OFF_ISSUED): State.RENTED,
        (State.RESERVED, Event.CANCELLED): State.RELEASING,
        (State.RESERVED, Event.LAPSED): State.LAPSED,
        (State.RENTED, Event.DROP_OFF_ISSUED): State.RENTED,
        (State.RENTED, Event.DROPPED_OFF): State.STORED,
        (State.RENTED, Event.CANCELLED): State.RELEASING,
        (State.RENTED, Event.LAPSED): State.LAPSED,
        (State.RELEASING, Event.RELEASED): State.CANCELLED,
        (State.RELEASING, Event.DROPPED_OFF): State.STORED,
        (State.STORED, Event.PICK_UP_ISSUED): State.STORED,
        (State.STORED, Event.EXTENDED): State.STORED,
        (State.STORED, Event.OVERDUE): State.STORED,
        (State.STORED, Event.COLLECTED): State.COLLECTED,
        # The token outlived what we knew: the parcel is in all the same.
        (State.LAPSED, Event.DROPPED_OFF): State.STORED,
        (State.CANCELLED, Event.DROPPED_OFF): State.STORED,
        # An operator's word ends whatever is stuck.
        (State.REQUESTED, Event.CLOSED): State.CLOSED,
        (State.RESERVED, Event.CLOSED): State.CLOSED,
        (State.RENTED, Event.CLOSED): State.CLOSED,
        (State.RELEASING, Event.CLOSED): State.CLOSED,
        (State.STORED, Event.CLOSED): State.CLOSED,
    }
)

LIVE = frozenset({State.REQUESTED, State.RESERVED, State.RENTED, State.RELEASING, State.STORED})
"""States in which a delivery has, or may come to have, a locker."""

ENDS = frozenset(State) - LIVE

_HOLDING = (State.RESERVED, State.RENTED, State.RELEASING, State.STORED)

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
    (State.RESERVED, LockerStatus.AVAILABLE): Event.LAPSED,
    (State.RENTED, LockerStatus.AVAILABLE): Event.LAPSED,
    (State.RELEASING, LockerStatus.AVAILABLE): Event.RELEASED,
    (State.STORED, LockerStatus.AVAILABLE): Event.COLLECTED,
}


def _observation(state: State, status: LockerStatus) -> Event | Odd | None:
    if (state, status) in _NEWS:
        return _NEWS[state, status]
    if state not in _HOLDING or status in _EXPECTED[state]:
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


def advance(state: State, event: Event) -> State:
    """The state after `event`. Raises Illegal where the table has no such pair."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise Illegal(state, event) from None


def meaning(state: State, status: LockerStatus) -> Event | Odd | None:
    """What it means that the locker of a delivery in `state` was seen with `status`."""
    return OBSERVATIONS[state, status]


def diagram() -> str:
    """The table as a Mermaid state diagram, for docs/architecture.md."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.REQUESTED.value}"]
    lines += [
        f"    {state.value} --> {to.value}: {event.value}"
        for (state, event), to in TRANSITIONS.items()
    ]
    lines += [f"    {state.value} --> [*]" for state in State if state in ENDS]
    return "\n".join(lines)
