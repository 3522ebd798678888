"""What may happen to a delivery: the table of transitions and the few lines that obey it.

Guarantees: `advance` knows exactly the pairs of TRANSITIONS (an illegal move is a missing key).

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

    PREPARED = "prepared"
    """Described; no locker is wanted yet: its sender asks for one at the tower."""
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

    REQUESTED = "requested"
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
    FORGOTTEN = "forgotten"
    """It has stayed prepared for too long."""


class Illegal(Exception):
    """An event that the delivery's state does not allow; whoever asked must look again."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event.value} is not possible while {state.value}")
        self.state, self.event = state, event


TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.PREPARED, Event.REQUESTED): State.REQUESTED,
        (State.PREPARED, Event.EXTENDED): State.PREPARED,
        (State.PREPARED, Event.FORGOTTEN): State.LAPSED,
        (State.PREPARED, Event.CANCELLED): State.CANCELLED,
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
        (State.CLOSED, Event.DROPPED_OFF): State.STORED,
        # An operator's word ends whatever is stuck, but nothing that holds a parcel.
        (State.PREPARED, Event.CLOSED): State.CLOSED,
        (State.REQUESTED, Event.CLOSED): State.CLOSED,
        (State.RESERVED, Event.CLOSED): State.CLOSED,
        (State.RENTED, Event.CLOSED): State.CLOSED,
        (State.RELEASING, Event.CLOSED): State.CLOSED,
    }
)


HOLDING = frozenset({State.RESERVED, State.RENTED, State.RELEASING, State.STORED})
"""States in which a delivery has a locker."""


LIVE = frozenset({State.PREPARED, State.REQUESTED, *HOLDING})
"""States in which a delivery has, or may come to have, a locker."""

ENDS = frozenset(State) - LIVE


def advance(state: State, event: Event) -> State:
    """The state after `event`. Raises Illegal where the table has no such pair."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise Illegal(state, event) from None


def diagram() -> str:
    """The table as a Mermaid state diagram, for docs/architecture.md."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state.value}" for state in (State.PREPARED, State.REQUESTED)]
    lines += [
        f"    {state.value} --> {to.value}: {event.value}"
        for (state, event), to in TRANSITIONS.items()
    ]
    lines += [f"    {state.value} --> [*]" for state in State if state in ENDS]
    return "\n".join(lines)
