"""The messenger, and whoever says what a card shows, as the core asks for them."""

from __future__ import annotations

from typing import Protocol

from bot.domain.card import Card, Lane
from bot.domain.ids import MessageId, PersonId
from bot.domain.message import Message


class Messenger(Protocol):
    """Telegram. Raises TryLater, OutcomeUnknown (send only), Refused, Unreachable, MessageGone."""

    async def send(
        self, chat: PersonId, message: Message, *, silent: bool, lane: Lane = Lane.NEWS
    ) -> MessageId:
        """Send a new message; its id."""
        ...

    async def edit(
        self, chat: PersonId, sent: MessageId, message: Message, *, lane: Lane = Lane.NEWS
    ) -> None:
        """Make the message `sent` look like `message`. An edit that changes nothing succeeds."""
        ...

    async def remove(
        self, chat: PersonId, sent: MessageId, form: str, *, lane: Lane = Lane.TIDYING
    ) -> None:
        """Delete it; where Telegram no longer lets us, blank it. Already gone is fine."""
        ...

    def digest(self, message: Message) -> str:
        """A short fingerprint: equal exactly for messages that look and act the same. It is stored
        with a card, so one message keeps its digest from version to version."""
        ...


class Presenter(Protocol):
    """Says what a card shows now: a pure reading of the present truth."""

    async def present(self, card: Card) -> tuple[Message | None, bool]:
        """The message (None: nothing any more, take the message away), and whether to be silent."""
        ...

    async def instead(self, card: Card) -> Message:
        """One plain sentence for where `present` fails, or its message is refused. Can't fail but
        as storage does."""
        ...
