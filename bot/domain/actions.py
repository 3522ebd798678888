"""What people may do to a delivery: the words that buttons carry."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """On the card of a delivery: each carries the delivery and the revision its reader saw."""

    DROP_OFF_CODE = "din"
    """Get the drop-off code, or show it again."""
    NEW_DROP_OFF_CODE = "dnew"
    """Replace the drop-off code by a new one."""
    PICK_UP_CODE = "pin"
    """Get the pick-up code, or show it again."""
    NEW_PICK_UP_CODE = "pnew"
    """Replace the pick-up code by a new one."""
    MORE_TIME = "more"
    """Hold the locker, or keep the parcel, longer."""
    SIZE = "size"
    """Another size (it doesn't fit): asks which; with a size as argument, takes that one. Offered
    too when no locker was found, where it means: try again with that size."""
    CANCEL = "drop"
    """Cancel: asks first."""
    CANCEL_OK = "drop_ok"
    """Yes, cancel."""
    TAKE_BACK = "back"
    """Take the parcel back: asks first."""
    TAKE_BACK_OK = "back_ok"
    """Yes, take it back."""
    HAND_OVER = "hand"
    """Let somebody else collect: asks first."""
    HAND_OVER_OK = "hand_ok"
    """Yes, hand it over; the old link and code stop working."""
    DOOR = "door"
    """The door did not open: walks through what helps."""
    PROBLEM = "help"
    """Report a problem to the operators: asks for words."""
    AGAIN = "again"
    """The same parcel once more, after no locker was found or the reservation ran out."""
    ELSEWHERE = "else"
    """The same parcel at the tower that was offered instead."""
    HISTORY = "log"
    """The whole timeline of the delivery."""
    RELEASE_ORPHAN = "free"
    """Operators: give back a locker that is ours at Harbor and unknown here (asks first); carries
    no delivery, but `<tower>.<locker>`."""
    LOOK = "look"
    """Operators: open a delivery in the operators' errand."""
