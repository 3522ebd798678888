"""The history of a delivery: one entry for each thing that happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import Event


class HistoryEvent(StrEnum):
    """What a line of a delivery's history says; stored by its value, which is never renamed.

    Every `Event` of the lifecycle is one, under the same name and value.
    """

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
    REQUESTED = "requested"
    """A locker was asked for; the detail is its size."""
    FORGOTTEN = "forgotten"

    PREPARED = "prepared"
    """A parcel was described, to be given a locker at the tower; the detail is its size."""
    FELL_BACK = "fell_back"
    """Harbor makes no link for it: from now on its doors are opened by locker tokens."""
    CLAIMED = "claimed"
    """Somebody has become the recipient."""
    HANDED_OVER = "handed_over"
    """Somebody else shall collect."""
    KEPT = "kept"
    """Whoever let somebody else collect has taken that back."""
    DECLINED = "declined"
    """Whoever was picked takes no parcel without being asked."""
    TAKEN_BACK = "taken_back"
    """The sender fetches it back."""
    FITS_NOT = "fits_not"
    """The parcel does not fit: another size was asked for; the detail is that size."""
    ANOTHER_DOOR = "another_door"
    """Its door had been reported by several people, and its sender asked for another."""
    DOOR_DID_NOT_OPEN = "door_did_not_open"
    """The code did not open the door."""
    PROBLEM = "problem"
    """Words for the operators; the detail is for nobody else."""
    MESSAGE = "message"
    """Words of an operator to those concerned."""
    MESSAGE_TO_ONE = "message_to_one"
    """Words of an operator to one person, who is `told`, and to nobody else."""
    PROBLEM_SETTLED = "problem_settled"
    """An operator has dealt with a problem that was reported; the detail is what they say of it."""
    RELEASED_BY_OPERATOR = "released_by_operator"
    """An operator gives the locker back; the detail is the reason."""
    FETCHED_BY_OPERATOR = "fetched_by_operator"
    """An operator fetches the parcel out; the detail is the reason."""
    GIVEN_BY_OPERATOR = "given_by_operator"
    """An operator lets somebody else collect; the detail is the reason."""
    PHOTO_SEEN = "photo_seen"
    """An operator was shown the sender's photo."""
    FOUND_BY_OPERATOR = "found_by_operator"
    """An operator has taken charge of a parcel that belonged to no delivery."""
    UNKNOWN = "unknown"
    """Never written: read where what is stored has no name here. No card or timeline shows it."""


IN_OWN_WORDS = (
    HistoryEvent.PROBLEM,
    HistoryEvent.MESSAGE,
    HistoryEvent.MESSAGE_TO_ONE,
    HistoryEvent.PROBLEM_SETTLED,
    HistoryEvent.CLOSED,
    HistoryEvent.EXTENDED,
    HistoryEvent.RELEASED_BY_OPERATOR,
    HistoryEvent.FETCHED_BY_OPERATOR,
    HistoryEvent.GIVEN_BY_OPERATOR,
)
"""Events whose detail is somebody's own words: forgotten with them."""
WITHOUT_WORDS = tuple(
    event for event in HistoryEvent if event not in (*IN_OWN_WORDS, HistoryEvent.UNKNOWN)
)
"""Events whose detail is nobody's words; what has no name here may hold some."""


BEGINNINGS = (HistoryEvent.REQUESTED, HistoryEvent.PREPARED, HistoryEvent.FOUND_BY_OPERATOR)
"""Events with which a delivery may begin."""
CHANGES = tuple(dict.fromkeys((*BEGINNINGS, *(HistoryEvent(event.value) for event in Event))))
"""Events that brought a delivery into its state."""


def event_of(event: Event) -> HistoryEvent:
    """How an event of the lifecycle is written down."""
    return HistoryEvent(event.value)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a delivery's history."""

    delivery: DeliveryId
    at: datetime
    event: HistoryEvent
    by: PersonId | None = None  # None: Harbor, or time itself
    detail: str | None = None
    told: PersonId | None = None  # MESSAGE_TO_ONE: to whom
