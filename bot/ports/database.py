"""Durable storage, as the core asks for it.

What is asked of an implementation stands in each docstring; the core relies on nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from bot.domain.card import Card
from bot.domain.claims import Claim
from bot.domain.codes import Code
from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEntry
from bot.domain.ids import DeliveryId, LockerId, MessageId, PersonId, TowerId
from bot.domain.person import Draft, Person
from bot.domain.tower import Tower
from bot.ports.alerts import Alerts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Opening:
    """How an update finds its chat: `fresh` is False for an update already handled."""

    fresh: bool
    person: Person | None
    draft: Draft


@dataclass(frozen=True, slots=True)
class Counts:
    """What operators and metrics see of the database."""

    deliveries: dict[str, int]  # state → how many
    cards_owed: int
    wants_owed: int


class Transaction(Alerts, Protocol):
    """Everything a step may read and write. All of it is committed together, or none.

    Saving a Delivery or a Draft is compare-and-set on `version`: Conflict when somebody else was
    first, else the saved value (version + 1) comes back.
    """

    # -- updates and chats
    async def open_update(self, update_id: int, chat: PersonId, at: datetime) -> Opening:
        """Remember the update id; load the person and the draft (a new one if there is none)."""
        ...

    async def draft(self, chat: PersonId) -> Draft: ...
    async def save_draft(self, draft: Draft) -> Draft: ...
    async def person(self, person: PersonId) -> Person | None: ...
    async def person_named(self, username: str) -> Person | None: ...
    async def save_person(self, person: Person) -> None: ...
    async def forget_person(self, person: PersonId) -> None:
        """Remove the person, draft, cards and claim tries; blank names, notes and their own words
        in deliveries, whose codes and claims go with them."""
        ...

    # -- deliveries
    async def delivery(self, delivery: DeliveryId) -> Delivery | None: ...
    async def deliveries(self, ids: Sequence[DeliveryId]) -> list[Delivery]: ...
    async def add_delivery(self, delivery: Delivery) -> Delivery: ...
    async def save_delivery(self, delivery: Delivery) -> Delivery: ...
    async def deliveries_of(
        self, person: PersonId, *, live: bool, limit: int | None = None, offset: int = 0
    ) -> list[Delivery]:
        """As sender or recipient, the latest change first: all of them, or a page."""
        ...

    async def live_deliveries(self) -> list[Delivery]:
        """Every delivery in a LIVE state."""
        ...

    async def deliveries_at(
        self, lockers: Sequence[tuple[TowerId, LockerId]], since: datetime
    ) -> list[Delivery]:
        """Ended deliveries (changed after `since`) that had, or were to try, one of these lockers;
        the latest first."""
        ...

    async def deliveries_wanting(self, now: datetime, limit: int) -> list[Delivery]:
        """Those with a `want` that is due, the longest due first."""
        ...

    async def deliveries_due(self, now: datetime, limit: int) -> list[Delivery]:
        """Those whose `deadline_at` has come."""
        ...

    async def live_at(self, tower: TowerId, locker: LockerId) -> list[Delivery]:
        """Live deliveries that have, or are candidate, this locker."""
        ...

    async def next_want(self) -> datetime | None:
        """When the earliest want is (or was) due."""
        ...

    async def next_deadline(self) -> datetime | None:
        """When the earliest alarm is (or was) due."""
        ...

    async def doors_reported(self, limit: int) -> list[Delivery]:
        """Live deliveries whose door was reported as not opening."""
        ...

    async def record(self, moment: HistoryEntry) -> None: ...
    async def history(self, delivery: DeliveryId) -> list[HistoryEntry]: ...

    # -- codes and claims (encrypted at rest; looked up by keyed hash)
    async def code(self, delivery: DeliveryId) -> Code | None: ...
    async def save_code(self, code: Code) -> None:
        """At most one code a delivery: a new one replaces it."""
        ...

    async def drop_code(self, delivery: DeliveryId) -> None: ...
    async def claim(self, delivery: DeliveryId) -> Claim | None: ...
    async def claim_by_code(self, code: str) -> Claim | None:
        """`code` in canonical form (eight characters, upper case, no hyphen)."""
        ...

    async def claim_by_link(self, link: str) -> Claim | None: ...
    async def save_claim(self, claim: Claim) -> None:
        """Replaces the delivery's claim; `code` and `link` are unique (Conflict)."""
        ...

    async def drop_claim(self, delivery: DeliveryId) -> None: ...
    async def wrong_tries(self, person: PersonId) -> tuple[int, datetime | None]:
        """How many wrong claim codes in a row, and until when no more are read."""
        ...

    async def save_wrong_tries(
        self, person: PersonId, tries: int, blocked_until: datetime | None
    ) -> None: ...

    # -- cards
    async def mark(
        self, chat: PersonId, subject: str, *, now: datetime, ring: bool = False
    ) -> None:
        """The card (made if there is none) is out of date from now on; `ring` stays until shown."""
        ...

    async def card(self, chat: PersonId, subject: str) -> Card | None: ...
    async def cards_of(self, chat: PersonId) -> list[Card]: ...
    async def cards_about(self, subject: str) -> list[Card]: ...
    async def cards_due(self, now: datetime, limit: int) -> list[Card]:
        """Owed (or with a `previous` to take away) and due, longest due first, one a chat."""
        ...

    async def next_card_due(self) -> datetime | None: ...
    async def move_card(self, chat: PersonId, subject: str, to: str, *, now: datetime) -> None:
        """The message of one card becomes that of another, which is then out of date."""
        ...

    async def card_sending(self, card: Card, at: datetime, claim: timedelta) -> bool:
        """Write down that a new message is about to be sent; nobody else may for so long.

        False when somebody else is sending it (then it is due again when their claim is over), or
        has shown it since `card` was read.
        """
        ...

    async def card_shown(
        self, card: Card, *, message: MessageId | None, form: str, digest: str
    ) -> None:
        """`card.wanted` has been shown: owed no longer unless marked meanwhile; ring is over.

        A `message` other than the card's own becomes the card's, and that one its `previous`. When
        somebody else has shown the card since it was read, it is owed once more: their words and
        ours may have arrived in any order.
        """
        ...

    async def card_tidied(self, card: Card) -> None:
        """`card.previous` has been taken away."""
        ...

    async def card_postponed(self, card: Card, due_at: datetime) -> None:
        """It could not be shown: once more at `due_at`; counts a failure, clears sending_since."""
        ...

    async def drop_card(self, card: Card) -> None:
        """Nothing is to be shown any more (kept when marked again meanwhile)."""
        ...

    async def cards_interrupted(self) -> list[Card]:
        """Those whose `sending_since` is set: at start, the possible doubles."""
        ...

    # -- towers, remembered so that a screen can be shown when Harbor can't be reached
    async def save_towers(self, towers: Sequence[Tower]) -> None: ...
    async def towers(self) -> list[Tower]: ...

    # -- housekeeping
    async def counts(self) -> Counts: ...
    async def prune(self, before: datetime) -> int:
        """Forget handled update ids, dropped cards and ended alerts older than `before`."""
        ...

    async def recent_towers(self, person: PersonId, limit: int) -> list[TowerId]:
        """Where this person last sent from, the latest first."""
        ...


Step = Callable[[Transaction], Awaitable[T]]


class Database(Protocol):
    """Durable storage: SQLite or PostgreSQL."""

    @property
    def shared(self) -> bool:
        """Whether other processes may be at work on it at the same time."""
        ...

    async def run(self, step: Step[T]) -> T:
        """Take `step` in one transaction and return only after it has been committed durably.

        A step that raises is rolled back and its error passed on; one that meets Conflict is taken
        again (a few times). Steps make no network call. Several waiting steps may share a commit.
        """
        ...

    async def look(self, step: Step[T]) -> T:
        """Read only, a consistent snapshot, never waiting for a writer."""
        ...
