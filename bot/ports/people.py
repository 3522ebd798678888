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

    def known_as(self, person: PersonId) -> str:
        """What may be kept of a person who asks to be forgotten: a keyed hash of the id, the same
        as long as the secret key is; short enough for a button."""
        ...

    async def forget_person(self, person: PersonId) -> None:
        """Remove the person, draft and cards; blank names, notes and their own words in
        deliveries, whose codes and claims go with them. Wrong tries stay, and alerts about the
        person: they name nobody then."""
        ...
