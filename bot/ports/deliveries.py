"""Deliveries, their history and what is asked of Harbor for them, as the core asks storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.domain.claims import Claim
from bot.domain.codes import Code
from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEntry
from bot.domain.ids import DeliveryId, LockerId, MessageId, PersonId, TowerId
from bot.domain.person import Person
from bot.ports.signals import Change


@dataclass(frozen=True, slots=True)
class Leased:
    """A delivery whose request of Harbor it is the holder of `lease`'s turn to carry out."""

    delivery: Delivery
    lease: int


@dataclass(frozen=True, slots=True)
class DeliveryReading:
    """A delivery with whoever and whatever belongs to it, for one reader.

    Who may see the code and the claim is not decided here.
    """

    delivery: Delivery
    reader: Person | None
    sender: Person | None
    recipient: Person | None
    code: Code | None = field(repr=False)
    claim: Claim | None = field(repr=False)
    recipient_card: tuple[MessageId | None, bool] | None
    """The message of the recipient's card about it, and whether a ring is owed; None: no card."""
    prepared: int = 0
    """How many parcels its sender has prepared for the same place."""


class Deliveries(Protocol):
    """Saving is compare-and-set on `version`: Conflict when somebody else was first."""

    async def delivery(self, delivery: DeliveryId) -> Delivery | None:
        """The delivery, with what is being asked of Harbor for it."""
        ...

    async def read_delivery(self, delivery: DeliveryId, reader: PersonId) -> DeliveryReading | None:
        """All that a card may need of it, in one statement."""
        ...

    async def add_delivery(self, delivery: Delivery) -> Delivery:
        """Write a new one down; the saved value comes back (version 1)."""
        ...

    async def save_delivery(self, delivery: Delivery) -> Delivery:
        """Save a changed one; the saved value comes back (version + 1).

        Its request is written too, but for `run_at` and `failures` of a request that stays.
        The step is taken again while another live delivery has its locker, and raises TryLater
        when that does not change.
        """
        ...

    async def deliveries_of(
        self, person: PersonId, *, live: bool, limit: int | None = None
    ) -> list[Delivery]:
        """As sender or recipient, the latest change first; all of them without a `limit`."""
        ...

    async def awaiting(self, person: PersonId) -> list[Delivery]:
        """What is kept for `person` till they open the bot, in whatever state; the oldest first."""
        ...

    async def prepared_at(self, sender: PersonId, tower: TowerId) -> list[Delivery]:
        """What `sender` has prepared for the place where `tower` stands, the oldest first."""
        ...

    async def deliveries_at_harbor(self) -> list[Delivery]:
        """Every live delivery that has a locker, or wants one now: all but what is prepared."""
        ...

    async def deliveries_at_harbor_in(self, tower: TowerId) -> list[Delivery]:
        """Those of them that are at this tower."""
        ...

    async def versions_at_harbor(self) -> dict[DeliveryId, int]:
        """Which those are, and the version of each: it changes with whatever is saved of it."""
        ...

    async def deliveries_with(self, ids: Sequence[DeliveryId]) -> list[Delivery]:
        """Those of these ids, in their order, a few hundred at most; what is not there is left
        out."""
        ...

    async def deliveries_at(
        self, lockers: Sequence[tuple[TowerId, LockerId]], since: datetime
    ) -> list[Delivery]:
        """Ended deliveries (changed after `since`) that had, or were to try, one of these lockers;
        the latest first."""
        ...

    async def live_at(self, tower: TowerId, locker: LockerId) -> list[Delivery]:
        """Live deliveries that have, or are to try, this locker."""
        ...

    async def doors_reported(self, limit: int) -> list[Delivery]:
        """Live deliveries whose door was reported as not opening."""
        ...

    async def photos_over(self, now: datetime, limit: int) -> list[Delivery]:
        """Ended ones that have a photo still, though their storage time was over before `now`."""
        ...

    async def photos_of(self, person: PersonId) -> list[DeliveryId]:
        """Those with a photo that `person` has sent or received."""
        ...

    async def recent_towers(self, person: PersonId, limit: int) -> list[TowerId]:
        """Where this person last sent from, the latest first."""
        ...

    async def record(self, entry: HistoryEntry, change: Change | None = None) -> None:
        """Add a line to a delivery's history. Where it tells of a `change` of state, that is handed
        on after the commit, with the time since the last one."""
        ...

    async def history(self, delivery: DeliveryId) -> list[HistoryEntry]:
        """A delivery's history, the oldest line first; an event that has no name here is
        `HistoryEvent.UNKNOWN`."""
        ...

    async def history_by(self, person: PersonId) -> list[HistoryEntry]:
        """Every line of any history that `person` has caused, the oldest first."""
        ...

    # -- deadlines

    async def deliveries_due(self, now: datetime, limit: int) -> list[Delivery]:
        """Those whose `deadline_at` has come."""
        ...

    async def next_deadline(self) -> datetime | None:
        """When the earliest deadline is (or was)."""
        ...

    # -- requests of Harbor

    async def next_request_due(self) -> datetime | None:
        """When the earliest request is due, or (leased) its lease over."""
        ...

    async def lease_requests(self, now: datetime, until: datetime, limit: int) -> list[Leased]:
        """Take the turn for requests that are due and nobody's, the longest due first.

        Of several processes that ask at once, one gets each.
        """
        ...

    async def give_back(self, leased: Leased) -> None:
        """The call under way is over: whatever is asked for the delivery by now is anybody's."""
        ...

    async def request_failed(self, leased: Leased, run_at: datetime) -> None:
        """The request is due again at `run_at`, if it still stands and the turn is still the
        caller's; counts a failure."""
        ...

    async def free_requests(self) -> int:
        """End every lease, where no other process can hold one; how many there were."""
        ...
