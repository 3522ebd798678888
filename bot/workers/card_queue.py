"""Cards that wait to be shown: for their chat, which is being written to, or for room.

Guarantees: the best lane goes first, in it what rings before what changes in silence, then who has
waited longest, among chats and within one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from heapq import heappop, heappush
from itertools import count

from bot.domain.card import Card, Lane
from bot.domain.ids import PersonId

_RINGS = 2 * Lane.NEWS
"""The rank of what rings; what answers somebody is before it."""
OF_ONE_CHAT = 16
"""So many of a chat's count: Telegram takes one a second of it, and one who makes a thousand cards
is not to have the others wait in the database until they are shown."""


class CardQueue:
    """See the module."""

    def __init__(self) -> None:
        self._chats: dict[PersonId, list[tuple[int, int, Card]]] = defaultdict(list)
        self._order: list[tuple[int, int, PersonId]] = []
        self._asked = count()
        self._urgent: Counter[PersonId] = Counter()
        self.size = self.urgent = 0
        """How many wait, and how many of them ring or answer somebody; see `OF_ONE_CHAT`."""

    def put(self, card: Card) -> None:
        """One more card for its chat."""
        rank, place = _rank(card), next(self._asked)
        heappush(self._chats[card.chat], (rank, place, card))
        heappush(self._order, (rank, place, card.chat))
        self.size += len(self._chats[card.chat]) <= OF_ONE_CHAT
        if rank <= _RINGS:
            self._urgent[card.chat] += 1
            self.urgent += self._urgent[card.chat] <= OF_ONE_CHAT

    def take(self, chat: PersonId) -> Card | None:
        """The first of a chat's."""
        if chat not in self._chats:
            return None
        rank, _, card = heappop(self._chats[chat])
        self.size -= len(self._chats[chat]) < OF_ONE_CHAT
        if rank <= _RINGS:
            self._urgent[chat] -= 1
            self.urgent -= self._urgent[chat] < OF_ONE_CHAT
        if not self._chats[chat]:
            del self._chats[chat], self._urgent[chat]
        return card

    def next_chat(self) -> tuple[Lane, PersonId] | None:
        """The chat whose turn it is: the best lane first, then the longest waiting."""
        while self._order:
            rank, _, chat = self._order[0]
            if chat in self._chats:
                return Lane(rank // 2), chat
            heappop(self._order)
        return None

    def waits(self, chat: PersonId) -> bool:
        """Whether anything waits for this chat."""
        return chat in self._chats

    def yields(self, chat: PersonId) -> bool:
        """Whether the first of a chat's is to wait for what others are waiting for."""
        return self.yields_with(self._chats[chat][0][2])

    def yields_with(self, card: Card) -> bool:
        """Whether this one is."""
        return bool(self._order) and self._order[0][0] < _rank(card)

    def pass_over(self) -> None:
        """The chat whose turn it is has its turn, or is being written to already."""
        heappop(self._order)

    def stand_again(self, chat: PersonId) -> None:
        """A chat that was passed over has its place anew, if cards wait for it."""
        if chat in self._chats:
            rank, place, _ = self._chats[chat][0]
            heappush(self._order, (rank, place, chat))

    def empty(self) -> list[Card]:
        """All of them, taken out."""
        cards = [card for waiting in self._chats.values() for _, _, card in waiting]
        self._chats.clear()
        self._urgent.clear()
        self._order, self.size, self.urgent = [], 0, 0
        return cards


def _rank(card: Card) -> int:
    """In a lane what rings comes first."""
    return 2 * card.lane + (not card.ring)
