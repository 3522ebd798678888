"""Brings cards up to date: whatever is owed to somebody's eyes has its turn, and is shown once.

Guarantees: a card's turn is a lease, so of several processes one shows it (`showing`), and changes
made while Telegram was away become one message; one message at a time to a chat, chats side by
side, answers to people's own taps before news; a restart repeats nothing but the send whose answer
was lost, which is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from bot.domain.card import Card, Lane
from bot.domain.ids import PersonId
from bot.ports.clock import Clock
from bot.ports.database import Database
from bot.ports.messenger import Messenger, Presenter
from bot.workers.card_queue import CardQueue
from bot.workers.loop import Dues, Underway
from bot.workers.showing import Showing, Tally
from bot.workers.signals import CARD_LEASE, Signals

log = structlog.get_logger()

AT_ONCE = 64
"""Chats written to side by side; and cards leased at a time."""
_FOR_NEWS = 24
"""So many of them at most for news, the others being kept for answers to people's own taps: enough
for Telegram's rate while its answers take less than a second, and each one more makes a tap wait
longer for the processor."""
_HELD = 512
"""Cards leased from the database at most, waiting ones included, and as many besides that ring or
answer somebody. Where so many wait, news are left there as they are marked, and at twice as many
answers, too: so many a lease outlasts. Of one chat a few count, however many wait."""
_WORTH_A_LOOK = 32
"""Cards for which there is to be room before more are leased: else each that is shown would make
room for one, and be followed by a look for that one."""


class Outbox:
    """See the module; `turn` starts on every card that is due."""

    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        presenter: Presenter,
        clock: Clock,
        signals: Signals,
    ) -> None:
        self._database, self._clock, self._signals = database, clock, signals
        self._underway: Underway[PersonId] = Underway(AT_ONCE, self._finished)
        self._waiting = CardQueue()
        self._dues = Dues(clock.now())
        self._full = False
        self._showing = Showing(database, messenger, presenter, clock, signals, self._dues)

    @property
    def tally(self) -> Tally:
        """What has been shown, and how."""
        return self._showing.tally

    async def recover(self) -> None:
        """At start: count the sends whose answer nobody heard; they are sent once more.

        Where there are other processes they may be sending still: of what is theirs storage tells
        when they have gone, and else their leases run out.
        """
        if self._database.shared:
            return
        freed = await self._database.run(lambda tx: tx.free_cards())
        self._count_doubles(sum(card.sends and card.owed for card in freed))

    def _count_doubles(self, number: int) -> None:
        self.tally.possible_doubles += number
        if number:
            log.warning("messages_possibly_doubled", count=number)

    async def turn(self) -> datetime | None:
        """Start on all cards that are due; say when the next falls due. Raises what a start died
        of, which is that nothing can be written."""
        self._underway.raise_failure()
        for card in self._signals.take_cards():
            if card.lease is None:  # nobody's: leased like any other that is found due
                self._dues.add(card.run_at or self._clock.now())
            else:
                self._waiting.put(card)
        now = self._clock.now()
        elsewhere, possibly_sent = self._signals.take_elsewhere()
        self._count_doubles(possibly_sent)
        if elsewhere:
            self._dues.add(now)
        self._start(answers_only=True)  # they wait for no look
        await self._dues.when_come(now, self._look)
        self._start()
        self._signals.crowded = self._waiting.size >= _HELD
        self._signals.full = self._waiting.size >= 2 * _HELD
        return self._dues.next

    async def _look(self, now: datetime) -> None:
        """Lease what is due in the database, as far as there is room for it."""
        held = self._waiting.size + len(self._underway)
        urgent = held >= _HELD  # what could wait takes no room from what can't
        if urgent:
            held = self._waiting.urgent
        room = min(_HELD - held, AT_ONCE)
        little = room < _WORTH_A_LOOK
        self._full = urgent or little
        if little:
            return  # whoever finishes looks again
        leased = await self._leased(now, room, urgent=urgent)
        for card in leased:
            self._waiting.put(card)
        if len(leased) == room:
            self._dues.add(now)
        await self._dues.look_ahead(self._database, now, lambda tx: tx.next_card_due())

    async def _leased(self, now: datetime, limit: int, *, urgent: bool) -> Sequence[Card]:
        if self._database.shared:
            self._count_doubles(
                await self._database.look(lambda tx: tx.cards_lapsed(now), one_statement=True)
            )
        return await self._database.run(
            lambda tx: tx.lease_cards(now, now + CARD_LEASE, limit, urgent=urgent),
            one_statement=True,
        )

    def _start(self, *, answers_only: bool = False) -> None:
        while (following := self._waiting.next_chat()) is not None:
            lane, chat = following
            if answers_only and lane is not Lane.ANSWER:
                return  # a look may find what is to ring before it
            if chat not in self._underway:
                room = AT_ONCE if lane is Lane.ANSWER else _FOR_NEWS
                if len(self._underway) >= room:
                    return
                self._underway.start(chat, self._serve(chat))
            self._waiting.pass_over()

    def _finished(self, chat: PersonId) -> None:
        self._waiting.stand_again(chat)
        if self._full:
            self._dues.add(self._clock.now())
        if self._underway.failed:  # its turn has not been given back: it runs out
            self._dues.add(self._clock.now() + CARD_LEASE)
        if self._full or self._waiting.size or self._underway.failed:
            self._signals.cards.set()

    @property
    def busy(self) -> bool:
        """Whether anything is being shown, or about to be."""
        return bool(len(self._underway) or self._waiting.size or self._signals.cards.is_set)

    async def give_back(self) -> None:
        """At shutdown: what has not begun is anybody's."""
        if waiting := [*self._waiting.empty(), *self._signals.take_cards()]:
            await self._database.run(lambda tx: tx.return_cards(waiting))

    async def settle(self) -> None:
        """Let what is under way finish (at shutdown, and in tests)."""
        await self._underway.settle()

    async def _serve(self, chat: PersonId) -> None:
        """One chat's cards, one after another, until others wait for something better: tidying up
        takes as many of Telegram's calls as ringing, and is done when nothing else is."""
        while (card := self._waiting.take(chat)) is not None:
            current: Card | None = card
            while current is not None:
                current = await self._showing.bring(current)
                if current is not None and self._waiting.yields_with(current):
                    self._waiting.put(current)
                    break
            if self._waiting.waits(chat) and self._waiting.yields(chat):
                return
