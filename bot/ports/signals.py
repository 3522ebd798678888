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


@dataclass(slots=True)
class Owed:
    """What one transaction made owed.

    `cards`: those it marked, as they stand then; `requests`: when the requests of Harbor that it
    left are due; `deadlines`: those that it set; `live`: a delivery that has, or may come to have,
    a locker was saved.
    """

    cards: dict[int, Card] = field(default_factory=dict)
    requests: set[datetime] = field(default_factory=set)
    deadlines: set[datetime] = field(default_factory=set)
    live: bool = False

    def due(self, request: datetime | None, deadline: datetime | None) -> None:
        """Take down the moments of one saved delivery."""
        if request is not None:
            self.requests.add(request)
        if deadline is not None:
            self.deadlines.add(deadline)

    def __bool__(self) -> bool:
        return bool(self.cards or self.requests or self.deadlines or self.live)


class Signals(Protocol):
    """Hears of every commit that made something owed."""

    @property
    def lease(self) -> timedelta | None:
        """For how long cards are leased as they are marked; None where nobody here shows them."""
        ...

    def committed(self, owed: Owed) -> None:
        """A transaction has been committed that made this owed."""
        ...


class Saving(Protocol):
    """Hears of every commit, and of every step that could not be committed."""

    def saved(self) -> None:
        """A step has been committed."""
        ...

    def unsaved(self, why: str) -> None:
        """A step could not be: the disk is full, say, or the server gone."""
        ...
