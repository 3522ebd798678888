"""What a transaction makes owed, handed on after its commit; the loops wait for it.

Guarantees asked of storage: `committed` is called once for each step that was committed and made
anything owed, after the commit, even if the step's caller has been cancelled meanwhile; a step that
was rolled back or is taken again leaves nothing.

Beside what is owed stands what has happened, for whoever keeps the log: it is told after the
commit, too.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, Self

from bot.domain.card import Card
from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEvent
from bot.domain.ids import DeliveryId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.ports.replicas import Hears

CAUSE: ContextVar[int | None] = ContextVar("cause", default=None)
"""The id of the update that what is done here goes back to; None: Harbor, or time itself."""


@dataclass(frozen=True, slots=True)
class Change:
    """A delivery has gone from one state to another, or begun (`before` None).

    `collector` is whose phone rings when a parcel is in; nobody else is named. `since` is how long
    the state before had lasted.
    """

    delivery: DeliveryId
    tower: TowerId
    door: str | None
    before: State | None
    after: State
    event: HistoryEvent
    at: datetime
    collector: PersonId | None = field(default=None, repr=False)
    since: timedelta | None = None

    @classmethod
    def to(
        cls, delivery: Delivery, event: HistoryEvent, at: datetime, before: State | None = None
    ) -> Self:
        """To how `delivery` stands now."""
        return cls(
            delivery.id,
            delivery.tower,
            delivery.locker_name,
            before,
            delivery.state,
            event,
            at,
            delivery.collector,
        )


@dataclass(slots=True)
class Owed:
    """What one transaction made owed.

    `cards`: those it marked, as they stand then; `requests`: when the requests of Harbor that it
    left are due; `deadlines`: those that it set; `live`: a delivery that has, or may come to have,
    a locker was saved; `waits`: who waits for a locker, or whose turn it is, has changed. `changes`
    are what has happened, `asked` the requests' ids, and `cause` is the update that all of it goes
    back to.
    """

    cards: dict[int, Card] = field(default_factory=dict)
    requests: set[datetime] = field(default_factory=set)
    deadlines: set[datetime] = field(default_factory=set)
    live: bool = False
    waits: bool = False
    changes: list[Change] = field(default_factory=list)
    asked: set[int] = field(default_factory=set)
    cause: int | None = field(default_factory=CAUSE.get)

    def due(self, request: datetime | None, deadline: datetime | None) -> None:
        """Take down the moments of one saved delivery."""
        if request is not None:
            self.requests.add(request)
        if deadline is not None:
            self.deadlines.add(deadline)

    def __bool__(self) -> bool:
        owed = self.cards or self.requests or self.deadlines or self.live or self.waits
        return bool(owed or self.changes)


class Signals(Hears, Protocol):
    """Hears of every commit that made something owed, and of what other processes tell."""

    @property
    def lease(self) -> timedelta | None:
        """For how long cards are leased as they are marked; None where nobody here shows them, or
        far more wait already than can be shown before a lease is over."""
        ...

    @property
    def crowded(self) -> bool:
        """Whether so many cards wait here that only those that answer a tap are leased with their
        mark; whatever else is marked waits in the database."""
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
