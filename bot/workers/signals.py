"""What commits have made owed, for the loops that wait for it.

Guarantees: a signal is never lost: it stands until its loop has taken it; nobody who commits knows
that loops exist. Of other processes' commits no more is heard than they tell
(`bot.ports.replicas`), and that may be lost; so where the database is shared each loop also looks
by itself from time to time (`LOOK_AGAIN`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta

from bot.domain.card import Card
from bot.ports.replicas import News
from bot.ports.signals import Owed
from bot.workers.journal import Journal

CARD_LEASE = timedelta(seconds=75)
"""How long a card is its marker's to show: far longer than one send, so that two never send."""
LOOK_AGAIN = timedelta(seconds=10)
"""How often a loop looks by itself for what other processes have left."""


class Signal:
    """Something is owed: an event with the earliest moment it is owed at."""

    def __init__(self) -> None:
        self._raised = asyncio.Event()
        self._due: datetime | None = None
        self._more = False
        self._closed = False

    def set(self, due: datetime | None = None) -> None:
        """Owed from `due` on; None: at once."""
        if not self._raised.is_set():
            self._due = due
        elif due != self._due:
            self._more = True
            self._due = None if due is None or self._due is None else min(due, self._due)
        self._raised.set()

    def close(self) -> None:
        """Raise it for good: whoever waits for it is to end."""
        self._closed = True
        self._raised.set()

    @property
    def is_set(self) -> bool:
        """Whether anything was signalled since it was last taken."""
        return self._raised.is_set()

    def take(self) -> tuple[datetime | None, bool]:
        """Lower the signal: the earliest moment that was signalled, None for at once (or not at
        all), and whether later ones were, too."""
        if not self._closed:
            self._raised.clear()
        taken, self._due, self._more = (self._due, self._more), None, False
        return taken

    async def wait(self) -> None:
        """Return once it is set."""
        await self._raised.wait()


class Signals:
    """`bot.ports.signals.Signals`, and what each loop waits for."""

    def __init__(self, *, shows_cards: bool = True) -> None:
        self._lease = CARD_LEASE if shows_cards else None
        self._cards: dict[int, Card] = {}
        self.cards, self.requests = Signal(), Signal()
        self.deadlines, self.lockers, self.waits = Signal(), Signal(), Signal()
        self.journal = Journal()
        self.crowded = self.full = False
        self._elsewhere = False
        self._possibly_sent = 0
        self.pushes: set[News] = set()
        """What others were pushed; the watcher takes it."""

    @property
    def lease(self) -> timedelta | None:
        """For how long cards are leased as they are marked."""
        return None if self.full else self._lease

    def committed(self, owed: Owed) -> None:
        """Tell the journal, and the loops that are concerned."""
        self.journal.committed(owed)
        if owed.cards:
            self._cards |= owed.cards
            self.cards.set()
        for due in owed.requests:
            self.requests.set(due)
        for due in owed.deadlines:
            self.deadlines.set(due)
        if owed.live:
            self.lockers.set()
        if owed.waits:
            self.waits.set()

    def heard(self, news: Collection[News]) -> None:
        """Tell the loops that are concerned what another process has told."""
        if News.CARDS in news:
            self._elsewhere = True
            self.cards.set()
        if News.REQUESTS in news:
            self.requests.set()
        if News.DEADLINES in news:
            self.deadlines.set()
        self.pushes |= {News.PUSH, News.HINT} & set(news)
        if self.pushes or News.LOCKERS in news:
            self.lockers.set()

    def taken_over(self, sends: int) -> None:
        """What a process held that is gone is to be looked for in the database."""
        self._possibly_sent += sends
        self.heard([News.CARDS, News.REQUESTS, News.DEADLINES, News.LOCKERS])

    def take_elsewhere(self) -> tuple[bool, int]:
        """Whether cards are to be looked for in the database, and how many messages a process that
        is gone may have sent, since this was last asked."""
        taken = self._elsewhere, self._possibly_sent
        self._elsewhere, self._possibly_sent = False, 0
        return taken

    def take_cards(self) -> list[Card]:
        """The cards marked since this was last asked."""
        taken, self._cards = list(self._cards.values()), {}
        self.cards.take()
        return taken
