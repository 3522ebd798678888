"""Brings cards up to date: whatever is owed to somebody's eyes is shown, once, and truthfully.

Guarantees: a card is rendered from the present truth at the moment it is sent, so that changes made
while Telegram was away become one message; one message at a time to a chat, chats side by side; of
several replicas one sends it; a restart repeats nothing but the send whose answer was lost, which
is counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.domain.card import Card
from bot.domain.ids import MessageId, PersonId
from bot.domain.message import Message
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.errors import MessageGone, OutcomeUnknown, Refused, TryLater, Unreachable
from bot.ports.messenger import Messenger, Presenter
from bot.usecases.cards import has_been_told, reach_changed
from bot.workers.loop import Underway, backoff

log = structlog.get_logger()

AT_ONCE = 64
_PATIENCE = 45.0
"""Seconds for one send; whatever takes longer has an unknown outcome."""
_CLAIM = timedelta(seconds=60)
"""How long a send is a replica's own: longer than its patience, so that two never send at once."""
_AFTER_REFUSAL = timedelta(minutes=10)


@dataclass(slots=True)
class Tally:
    """What the metrics show of the outbox."""

    sent: int = 0
    edited: int = 0
    unchanged: int = 0
    postponed: int = 0
    possible_doubles: int = 0


class Outbox:
    """See the module; `turn` starts on every card that is due."""

    def __init__(
        self, database: Database, messenger: Messenger, presenter: Presenter, clock: Clock
    ) -> None:
        self._database, self._messenger = database, messenger
        self._presenter, self._clock = presenter, clock
        self._underway: Underway[PersonId] = Underway(AT_ONCE, self._finished)
        self._backlog = False  # something owed could not be started: look again when room is
        self.tally = Tally()
        self.poke: Callable[[], None] = lambda: None

    async def recover(self) -> None:
        """At start: count the sends whose answer nobody heard; they are sent once more.

        Where there are other processes they may be sending still: see `_claimed`.
        """
        if self._database.shared:
            return
        interrupted = await self._database.run(partial(_free_claims, now=self._clock.now()))
        self.tally.possible_doubles += len(interrupted)
        if interrupted:
            log.warning("messages_possibly_doubled", count=len(interrupted))

    async def turn(self) -> datetime | None:
        """Start on all cards that are due, one a chat; say when the next falls due. Raises what a
        start died of, which is that nothing can be written."""
        self._underway.raise_failure()
        now = self._clock.now()
        self._backlog = False
        due = await self._database.look(lambda tx: tx.cards_due(now, AT_ONCE * 4))
        self._backlog |= bool(due)  # a chat may be owed more than the one card seen here
        for card in due:
            self._launch(card.chat, self._bring_or_postpone(card))
        if due:
            return None  # whoever finishes pokes us
        return await self._database.look(lambda tx: tx.next_card_due())

    def touch(self, subjects: Iterable[tuple[PersonId, str]]) -> None:
        """The fast path after a commit: these cards are owed, without asking the database which."""
        by_chat: dict[PersonId, list[str]] = {}
        for chat, subject in subjects:
            by_chat.setdefault(chat, []).append(subject)
        for chat, wanted in by_chat.items():
            self._launch(chat, self._bring_subjects(chat, wanted))

    def _launch(self, chat: PersonId, work: Coroutine[Any, Any, None]) -> None:
        self._backlog |= not self._underway.start(chat, work)

    def _finished(self) -> None:
        if self._backlog or self._underway.failed:
            self.poke()

    @property
    def busy(self) -> int:
        """How many chats are being written to."""
        return len(self._underway)

    async def settle(self) -> None:
        """Wait for what is under way (at shutdown, and in tests)."""
        await self._underway.settle()

    async def _bring_subjects(self, chat: PersonId, subjects: list[str]) -> None:
        for subject in dict.fromkeys(subjects):
            card = await self._database.look(partial(_card, chat=chat, subject=subject))
            if card is not None:
                await self._bring_or_postpone(card)

    async def _bring_or_postpone(self, card: Card) -> None:
        try:
            await self._bring(card)
        except Exception:
            log.exception("card_failed", subject=card.subject.partition(":")[0])
            await self._postpone(card, None)

    async def _bring(self, card: Card) -> None:
        try:
            card = await self._tidy(card)
            if card.wanted <= card.shown:
                return
            view, silent = await self._presenter.present(card)
            if view is None:
                await self._take_away(card)
            elif card.message is not None and not card.ring and card.form == view.form:
                await self._edit(card, card.message, view)
            else:
                await self._send(card, view, silent=silent)
        except (TryLater, OutcomeUnknown) as error:
            if isinstance(error, OutcomeUnknown):
                self.tally.possible_doubles += 1
            await self._postpone(card, error.after if isinstance(error, TryLater) else None)
        except Unreachable:
            await self._unreachable(card)
        except Refused:
            log.exception("card_refused", subject=card.subject.partition(":")[0])
            await self._postpone(card, _AFTER_REFUSAL.total_seconds())

    async def _edit(self, card: Card, message: MessageId, view: Message) -> None:
        if self._messenger.digest(view) == card.digest:
            self.tally.unchanged += 1
        else:
            try:
                await self._messenger.edit(card.chat, message, view)
            except MessageGone:
                await self._send(replace(card, message=None), view, silent=True)
                return
            self.tally.edited += 1
        await self._shown(card, message, view)

    async def _send(self, card: Card, view: Message, *, silent: bool) -> None:
        if not await self._claimed(card):
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                message = await self._messenger.send(card.chat, view, silent=silent)
        except TimeoutError as error:
            raise OutcomeUnknown("no answer") from error
        self.tally.sent += 1
        await self._shown(card, message, view)
        if card.message is not None:
            await self._tidy(replace(card, previous=card.message))

    async def _claimed(self, card: Card) -> bool:
        now = self._clock.now()
        ours = await self._database.run(lambda tx: tx.card_sending(card, now, _CLAIM))
        self._backlog |= not ours  # the loop must learn when to look again
        if ours and card.sending_since is not None:
            self.tally.possible_doubles += 1  # somebody died over it
        return ours

    async def _shown(self, card: Card, message: MessageId, view: Message) -> None:
        digest = self._messenger.digest(view)

        async def step(tx: Transaction) -> bool:
            await tx.card_shown(card, message=message, form=view.form, digest=digest)
            return not card.told and await has_been_told(tx, card, now=self._clock.now())

        self._backlog |= await self._database.run(step)

    async def _tidy(self, card: Card) -> Card:
        """Take the replaced message away; it is written down until that is done."""
        if card.previous is None:
            return card
        try:
            await self._messenger.remove(card.chat, card.previous, card.form)
        except (MessageGone, Refused, Unreachable) as error:
            log.debug("old_message_stays", why=str(error))
        await self._database.run(lambda tx: tx.card_tidied(card))
        return replace(card, previous=None)

    async def _take_away(self, card: Card) -> None:
        if card.message is not None:
            try:
                await self._messenger.remove(card.chat, card.message, card.form)
            except MessageGone as error:
                log.debug("message_gone_already", why=str(error))
        await self._database.run(lambda tx: tx.drop_card(card))

    async def _unreachable(self, card: Card) -> None:
        """They blocked the bot, or never opened it: owed no longer; told again if they return."""

        async def step(tx: Transaction) -> None:
            person = await tx.person(card.chat)
            if person is not None and person.reachable:
                await tx.save_person(replace(person, reachable=False))
                await reach_changed(tx, person.id, now=self._clock.now())
            await tx.drop_card(card)

        await self._database.run(step)
        self._backlog = True  # the others' cards may be owed now

    async def _postpone(self, card: Card, after: float | None) -> None:
        self.tally.postponed += 1
        self._backlog = True  # the loop must learn of the new moment
        wait = max(backoff(card.failures), timedelta(seconds=after or 0))
        due = self._clock.now() + wait
        await self._database.run(lambda tx: tx.card_postponed(card, due))


async def _free_claims(tx: Transaction, now: datetime) -> list[Card]:
    interrupted = await tx.cards_interrupted()
    for card in interrupted:
        await tx.card_postponed(card, now)
    return interrupted


async def _card(tx: Transaction, chat: PersonId, subject: str) -> Card | None:
    return await tx.card(chat, subject)
