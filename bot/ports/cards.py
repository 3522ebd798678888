"""Cards, as the core asks storage for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.card import Card
from bot.domain.ids import DeliveryId, MessageId, PersonId, TowerId


class Cards(Protocol):
    """Which message in which chat is out of date, and whose turn it is to show it.

    Whoever shows a card holds its lease (`Card.lease`) and alone may record what was shown: for
    anybody whose lease is over, recording changes nothing and says so.
    """

    def answers(self, person: PersonId) -> None:
        """From now on this transaction answers `person`: their cards go before anybody else's."""
        ...

    async def mark(
        self, chat: PersonId, subject: str, *, now: datetime, ring: bool = False
    ) -> None:
        """The card (made if there is none) is out of date from now on; `ring` stays until shown.

        Where this process shows cards it is leased with its mark, unless somebody is at it. Whoever
        is in a browser (`bot.domain.ids.in_browser`) has no chat: nothing is marked for them.
        """
        ...

    async def mark_about(
        self, *subjects: str, now: datetime, alerts_of: DeliveryId | None = None
    ) -> None:
        """Every card about one of them that there is, in any chat, is out of date from now on; so
        is every card of a standing alert about the delivery `alerts_of`."""
        ...

    async def mark_sender(self, delivery: DeliveryId, *, now: datetime, unless: PersonId) -> None:
        """The card of the delivery's sender, if there is one, is out of date from now on; nothing
        happens if the sender is `unless`."""
        ...

    async def mark_prepared(self, towers: Sequence[TowerId], *, now: datetime) -> None:
        """Every card that there is about a delivery prepared for one of these towers is out of date
        from now on."""
        ...

    async def card(self, chat: PersonId, subject: str) -> Card | None:
        """The card of that chat about that subject."""
        ...

    async def cards_of(self, chat: PersonId) -> list[Card]:
        """Every card of a chat."""
        ...

    async def cards_about(self, *subjects: str) -> list[Card]:
        """Every chat's cards about one of those subjects."""
        ...

    async def move_card(self, chat: PersonId, subject: str, to: str, *, now: datetime) -> None:
        """The card about `subject` is about `to` from now on, and out of date.

        It keeps its identity, its message and its lease. A message that stood for `to` before is
        taken away.
        """
        ...

    async def next_card_due(self) -> datetime | None:
        """When the earliest card is due, or (leased) its lease over."""
        ...

    async def lease_cards(
        self, now: datetime, until: datetime, limit: int, *, urgent: bool = False
    ) -> list[Card]:
        """Take the turn for cards that are due and nobody's, the best lane first, in it what rings,
        then the longest due; only what answers somebody or rings, if it is to be `urgent`.

        Of several processes that ask at once, one gets each card.
        """
        ...

    async def cards_lapsed(self, now: datetime) -> int:
        """How many owed sends were leased until a moment that has passed: their holder may have
        sent them, and died before it said so."""
        ...

    async def return_cards(self, cards: Sequence[Card]) -> None:
        """End the caller's turn at these, which have not been begun."""
        ...

    async def renew_card(self, card: Card, until: datetime) -> Card | None:
        """Keep the turn until later: the card as it is now; None when the turn is over."""
        ...

    async def card_shown(
        self,
        card: Card,
        *,
        message: MessageId,
        form: str,
        digest: str,
        at: datetime | None = None,
    ) -> Card | None:
        """`card.wanted` has been shown by `message`, at `at`: the card as it is now, and nobody's.

        It is still the caller's where it was marked meanwhile. None when the turn was over: then
        nothing is recorded.
        """
        ...

    async def card_failed(self, card: Card, run_at: datetime, *, unsure: bool = False) -> None:
        """It could not be shown: once more at `run_at`, by anybody. With `unsure` it may have been
        shown all the same: its digest is forgotten."""
        ...

    async def drop_card(self, card: Card) -> bool:
        """Nothing is to be shown any more, and its message is gone: forget the card.

        False where it was marked meanwhile, or the turn is over: nothing is changed.
        """
        ...

    async def empty_card(self, card: Card) -> Card | None:
        """`card.wanted` has been seen to and its message is gone, but it was marked meanwhile.

        The card as it is now, still the caller's; None when the turn is over.
        """
        ...

    async def take_away(
        self, chat: PersonId, message: MessageId, form: str, *, now: datetime
    ) -> None:
        """`message` is no card's any more: it is owed to the chat that it goes away."""
        ...

    async def free_cards(self) -> list[Card]:
        """End every lease, where no other process can hold one; the cards that had one."""
        ...
