"""The messenger, and whoever says what a card shows, as the core asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from bot.domain.card import Card, Lane
from bot.domain.ids import MessageId, PersonId
from bot.domain.message import View


class Messenger(Protocol):
    """Telegram. Raises TryLater, OutcomeUnknown (send only), Refused, Unreachable, MessageGone."""

    async def send(
        self, chat: PersonId, view: View, *, silent: bool, lane: Lane = Lane.NEWS
    ) -> MessageId:
        """A new message; `lane`, here and below: which of the waiting calls goes first."""
        ...

    async def edit(
        self, chat: PersonId, message: MessageId, view: View, *, lane: Lane = Lane.NEWS
    ) -> None:
        """An edit that changes nothing succeeds."""
        ...

    async def remove(
        self, chat: PersonId, message: MessageId, form: str, *, lane: Lane = Lane.TIDYING
    ) -> None:
        """Delete it; where Telegram no longer lets us, blank it. Already gone is fine."""
        ...


class Presenter(Protocol):
    """Says what a card shows now: a pure reading of the present truth."""

    async def present(self, card: Card) -> tuple[View | None, bool]:
        """The view (None: nothing any more, take the message away), and whether to be silent."""
        ...


Poke = Callable[[], Any]
