"""What pressing a button means for a door and a parcel: one table, by which buttons are coloured.

Guarantees: the table names words that buttons carry; one that it does not name means nothing in
particular, and looks like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain.actions import Action
from bot.domain.message import Button, Meaning

MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        Action.AT_TOWER: Meaning.OPEN,
        Action.NEXT: Meaning.OPEN,
        Action.DROP_OFF_CODE: Meaning.OPEN,
        Action.PICK_UP_CODE: Meaning.OPEN,
        Action.COLLECT_ALL: Meaning.OPEN,
        Action.CANCEL: Meaning.CANCEL,
        Action.CANCEL_OK: Meaning.CANCEL,
        Action.RELEASE: Meaning.END,
        Action.RELEASE_OK: Meaning.END,
        Action.END: Meaning.END,
        Action.END_OK: Meaning.END,
    }
)
"""What opens a door or gets what does; what gives up one's own booking; what ends another's."""


def meaning_of(button: Button) -> Meaning | None:
    """What it says of itself, else what its word means."""
    if button.meaning is not None or button.press is None:
        return button.meaning
    return MEANINGS.get(button.press.verb)
