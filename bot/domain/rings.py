"""What rings when: the one table by which phones ring, and from which people read it.

Guarantees: whoever makes a phone ring for something that has happened takes the roles, and whether
quiet hours silence it, from here. What answers somebody's own tap is not news, and not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.domain.delivery import Delivery, Role
from bot.domain.lifecycle import Event, State


class Call(StrEnum):
    """Why a phone may ring, in the order in which people read of it."""

    PARCEL_IN = "parcel_in"
    FIRST_REMINDER = "first_reminder"
    LAST_REMINDER = "last_reminder"
    OVERDUE = "overdue"
    COLLECTED = "collected"
    GIVEN = "given"
    """Somebody lets them collect it."""
    DECLINED = "declined"
    AWAITED = "awaited"
    """Whoever was picked has not come."""
    HOLD_ENDING = "hold_ending"
    LAPSED = "lapsed"
    PREPARED_ENDING = "prepared_ending"
    FORGOTTEN = "forgotten"
    TURN = "turn"
    """A locker is free for which they have waited."""
    OPERATOR = "operator"
    """An operator has done or written something."""


class Sound(StrEnum):
    """What quiet hours do to it."""

    ALOUD = "aloud"
    """Nothing: it rings."""
    HUSHED = "hushed"
    """It comes in silence."""
    PUT_OFF = "put_off"
    """It comes, and rings, once they are over."""


@dataclass(frozen=True, slots=True)
class Ring:
    """Whose phone rings. `optional`: not where their reminders are off. `whom` is empty where
    somebody is no party of a delivery."""

    whom: frozenset[Role]
    sound: Sound = Sound.HUSHED
    optional: bool = False


_SENDER, _RECIPIENT = frozenset({Role.SENDER}), frozenset({Role.RECIPIENT})
_BOTH = _SENDER | _RECIPIENT
_ALL = _BOTH | {Role.HANDED_ON}

RINGS: Mapping[Call, Ring] = MappingProxyType(
    {
        Call.PARCEL_IN: Ring(_BOTH),
        # The sender's, where they take the parcel back: then they collect it.
        Call.FIRST_REMINDER: Ring(_BOTH, Sound.PUT_OFF, optional=True),
        Call.LAST_REMINDER: Ring(_BOTH, Sound.ALOUD),
        Call.OVERDUE: Ring(_BOTH, Sound.ALOUD),
        Call.COLLECTED: Ring(_ALL),
        Call.GIVEN: Ring(_RECIPIENT),
        Call.DECLINED: Ring(_SENDER | {Role.HANDED_ON}),
        Call.AWAITED: Ring(_SENDER, Sound.PUT_OFF, optional=True),
        Call.HOLD_ENDING: Ring(_SENDER),
        Call.LAPSED: Ring(_SENDER),
        Call.PREPARED_ENDING: Ring(_SENDER),
        Call.FORGOTTEN: Ring(_SENDER),
        Call.TURN: Ring(frozenset()),
        Call.OPERATOR: Ring(_ALL),
    }
)

OF_EVENTS: Mapping[Event, Call] = MappingProxyType(
    {
        Event.DROPPED_OFF: Call.PARCEL_IN,
        Event.COLLECTED: Call.COLLECTED,
        Event.OVERDUE: Call.OVERDUE,
        Event.CLOSED: Call.OPERATOR,
        Event.LAPSED: Call.LAPSED,
        Event.FORGOTTEN: Call.FORGOTTEN,
    }
)
"""What of a delivery's events rings; at any other, cards change in silence."""


def roused(call: Call | None, roles: frozenset[Role] = _ALL) -> frozenset[Role]:
    """Which of these roles' phones ring."""
    return RINGS[call].whom & roles if call is not None else frozenset()


def hushed(call: Call | None) -> bool:
    """Whether quiet hours silence it; None: some other news."""
    return call is None or RINGS[call].sound is not Sound.ALOUD


def last_call(delivery: Delivery) -> Call | None:
    """Which of the last calls stands, while a parcel waits: what rings then rings for that, too."""
    if delivery.state is not State.STORED:
        return None
    if delivery.overdue_at is not None:
        return Call.OVERDUE
    return Call.LAST_REMINDER if delivery.reminders_sent > 1 else None
