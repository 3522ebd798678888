"""Several parcels that wait for one person in one tower, fetched one after the other in one visit.

Guarantees: pure functions; only the parcel whose turn it is, and those that were left out, know of
the visit: the others are untouched until their turn, and whatever comes in between joins by itself.
A visit goes by when it began, so that what was left out of one is not left out of the next. It has
no end in time: what a message says of it would be wrong from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.domain.delivery import Delivery, Turn
from bot.domain.ids import PersonId, TowerId
from bot.domain.lifecycle import State


def waiting(theirs: Iterable[Delivery], person: PersonId, tower: TowerId) -> list[Delivery]:
    """Those of `theirs` that `person` can fetch there, in the order of their doors."""
    there = (
        each
        for each in theirs
        if each.state is State.STORED and each.collector == person and each.tower == tower
    )
    return sorted(there, key=_door)


def _door(delivery: Delivery) -> tuple[int, str, str]:
    """Door 9 before door 10."""
    label = delivery.locker_name or ""
    return int(label) if label.isascii() and label.isdecimal() else 0, label, delivery.id


def to_come(delivery: Delivery, others: Iterable[Delivery]) -> Sequence[Delivery]:
    """Those of the `others` in its tower whose turn comes after that of `delivery`."""
    return [each for each in others if not _left_out(each, delivery)]


def _left_out(other: Delivery, delivery: Delivery) -> bool:
    return other.turn is Turn.LEFT and other.visit_at == delivery.visit_at
