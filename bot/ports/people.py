"""People, where their conversations stand, and handled updates, as the core asks storage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.ids import MessageId, PersonId
from bot.domain.person import Draft, Person


@dataclass(frozen=True, slots=True)
class Sent:
    """How many deliveries a sender has in certain states, and has begun lately."""

    live: int = 0
    holds: int = 0
    bookings: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Whom somebody takes nothing from without being asked, since when, and what they are called
    (None: nobody the bot knows any more)."""

    sender: PersonId
    at: datetime
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """How an update finds its chat.

    `fresh` is False for an update already handled; `screen` is the message that shows the present
    question, if there is one.
    """

    fresh: bool
    person: Person | None
    draft: Draft
    screen: MessageId | None = None


class People(Protocol):
    """Saving a draft is compare-and-set on `version`: Conflict when somebody else was first."""

    async def open_update(self, update_id: int, chat: PersonId, at: datetime) -> Opening:
        """Remember the update id; read person, draft (a new one if there is none) and screen.

        The transaction answers `chat` from then on (see `Cards.answers`).
        """
        ...

    async def chat(self, chat: PersonId) -> tuple[Draft, Person | None]:
        """Draft and person of a chat, in one statement."""
        ...

    async def draft(self, chat: PersonId) -> Draft:
        """Where the chat's conversation stands; a new draft if there is none."""
        ...

    async def save_draft(self, draft: Draft) -> Draft:
        """Save a changed draft; the saved value comes back (version + 1)."""
        ...

    async def person(self, person: PersonId) -> Person | None:
        """Somebody the bot has heard of."""
        ...

    async def sent(self, sender: PersonId, since: datetime) -> Sent:
        """What counts for `bot.domain.limits`; `bookings` are those begun after `since`."""
        ...

    async def save_person(self, person: Person) -> None:
        """Write a person down, new or changed."""
        ...

    async def refused(self, person: PersonId, sender: PersonId) -> bool:
        """Whether `person` has refused to be picked by `sender`."""
        ...

    async def refuse(self, person: PersonId, sender: PersonId, at: datetime) -> None:
        """`person` is not to be picked by `sender` any more."""
        ...

    async def allow(self, person: PersonId, sender: PersonId) -> None:
        """`sender` may pick `person` again."""
        ...

    async def refusals_of(self, person: PersonId) -> list[Refusal]:
        """Whom `person` has refused, the latest first."""
        ...

    def known_as(self, person: PersonId) -> str:
        """What may be kept of a person who asks to be forgotten: a keyed hash of the id, the same
        as long as the secret key is; short enough for a button."""
        ...

    async def forget_person(self, person: PersonId) -> None:
        """Remove the person, draft, cards, refusals and waits; blank names, notes, photos and their
        own words in deliveries, whose codes and claims go with them, and their part in what they
        have let others collect. Wrong tries and alerts about the person stay, which name nobody
        then; so does the id of whoever others have refused, in their refusals."""
        ...
