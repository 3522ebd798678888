"""What a transaction makes owed, handed on after its commit; the loops wait for it.

Guarantees asked of storage: `committed` is called once for each step that was committed and made
anything owed, after the commit, even if the step's caller has been cancelled meanwhile; a step that
was rolled back or is taken again leaves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.card import Card


@dataclass(frozen=True, slots=True)
class CardLease:
    """The lease that a marked card gets with its mark: its length, and how to name one anew."""

    lasts: timedelta


@dataclass(slots=True)
class Owed:
    """What one transaction made owed.

    `cards`: those it marked, as they stand then; `request`: when the earliest of the requests of
    Harbor it left is due; `deadline`: the earliest deadline it set; `live`: a delivery that has, or
    may come to have, a locker was saved.
    """

    cards: dict[int, Card] = field(default_factory=dict)
    request: datetime | None = None
    deadline: datetime | None = None
    live: bool = False

    def due(self, request: datetime | None, deadline: datetime | None) -> None:
        """Take down the moments of one saved delivery."""
        self.request = _earlier(self.request, request)
        self.deadline = _earlier(self.deadline, deadline)

    def __bool__(self) -> bool:
        return bool(self.cards or self.request or self.deadline or self.live)


class Signals(Protocol):
    """Hears of every commit that made something owed."""

    @property
    def lease(self) -> CardLease | None:
        """What cards are leased by as they are marked; None where nobody here shows them."""
        ...

    def committed(self, owed: Owed) -> None:
        """A transaction has been committed that made this owed."""
        ...


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)
