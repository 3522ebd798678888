"""Brings cards up to date: whatever is owed to somebody's eyes is shown, once, and truthfully.

Guarantees: a card is rendered from the present truth at the moment it is shown, so that changes
made while Telegram was away become one message; only the holder of a card's lease shows it, so of
several processes none edits against another; one message at a time to a chat, chats side by side,
answers to people's own taps before news; where what a card shows can't be made, or Telegram refuses
it, a plain sentence says so in its place until it can, and the cause is logged once; a restart
repeats nothing but the send whose answer was lost, which is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from bot.domain.card import ALERT, OLD, Card, Lane, delivery_of, photo_of
from bot.domain.ids import MessageId, PersonId
from bot.domain.message import Message
from bot.ports.clock import Clock
from bot.ports.database import Database, Step, Transaction
from bot.ports.errors import (
    EdgeError,
    FileGone,
    MessageGone,
    OutcomeUnknown,
    Refused,
    TryLater,
    Unreachable,
)
from bot.ports.messenger import Messenger, Presenter
from bot.ports.signals import CAUSE
from bot.usecases.cards import reach_changed
from bot.usecases.photo import lose_photo
from bot.workers.card_queue import CardQueue
from bot.workers.loop import Dues, Underway, backoff
from bot.workers.not_shown import Complaints, NotShown, blame
from bot.workers.signals import CARD_LEASE, Signals

log = structlog.get_logger()

T = TypeVar("T")

AT_ONCE = 64
"""Chats written to side by side."""
_FOR_ANSWERS = 16
"""So many of them are kept for answers to people's own taps."""
_HELD = 512
"""Cards leased from the database at most, waiting ones included, and as many besides that ring or
answer somebody. Where so many wait, news are left there as they are marked, and at twice as many
answers, too: so many a lease outlasts."""
_PATIENCE = 45.0
"""Seconds for one send; whatever takes longer has an unknown outcome."""
_LEFT = timedelta(seconds=50)
"""A lease with less than this left is renewed before a call: longer than one send's patience."""
_AFTER_REFUSAL = timedelta(minutes=10)
_UNTIL_AN_OPERATOR_IS_MET = timedelta(minutes=10)
_RECORDING = 6
"""How often recording what was shown is tried, before the send counts as possibly repeated."""


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
        self,
        database: Database,
        messenger: Messenger,
        presenter: Presenter,
        clock: Clock,
        signals: Signals,
    ) -> None:
        self._database, self._messenger = database, messenger
        self._presenter, self._clock, self._signals = presenter, clock, signals
        self._underway: Underway[PersonId] = Underway(AT_ONCE, self._finished)
        self._waiting = CardQueue()
        self._dues = Dues(clock.now())
        self._full = False
        self._complaints = Complaints()
        self.tally = Tally()

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
        self._full = urgent or room <= 0
        if room <= 0:
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

    def _start(self) -> None:
        while (following := self._waiting.next_chat()) is not None:
            lane, chat = following
            if chat not in self._underway:
                room = AT_ONCE if lane is Lane.ANSWER else AT_ONCE - _FOR_ANSWERS
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
                current = await self._bring(current)
                if current is not None and self._waiting.yields_with(current):
                    self._waiting.put(current)
                    break
            if self._waiting.waits(chat) and self._waiting.yields(chat):
                return

    async def _bring(self, card: Card) -> Card | None:
        """Show the card; the card again where it was marked meanwhile and is still ours."""
        CAUSE.set(self._signals.journal.cause_of_card(card))
        try:
            return await self._show(card)
        except (TryLater, OutcomeUnknown) as error:
            if isinstance(error, OutcomeUnknown):
                self.tally.possible_doubles += 1
            after = error.after if isinstance(error, TryLater) else None
            await self._put_off(card, after, unsure=True)
        except Unreachable:
            return await self._unreachable(card)
        except Refused as error:
            self._complaints.make(card, error)
            await self._put_off(card, _AFTER_REFUSAL.total_seconds())
        except Exception:
            log.exception("card_failed", subject=_kind(card))
            await self._put_off(card, None, unsure=True)
        return None

    async def _show(self, card: Card) -> Card | None:
        ours = await self._still_ours(card)
        if ours is None:
            return None
        if _kind(ours) == OLD:
            return await self._take_away(ours)
        try:
            after = await self._show_truth(ours)
        except NotShown as failure:
            if await self._lost(ours, failure):
                return await self._show(ours)
            self._complaints.make(ours, failure.__cause__)
            await self._show_instead(ours)
            return None
        self._complaints.over(ours)
        return after

    async def _lost(self, card: Card, failure: NotShown) -> bool:
        """Whether it was the sender's photo that can't be shown: then that is forgotten, and there
        is something else to be shown in its place."""
        about = photo_of(card.subject)
        if about is None or failure.photo is None or not isinstance(failure.__cause__, FileGone):
            return False
        photo, now = failure.photo, self._clock.now()
        await self._database.run(lambda tx: lose_photo(tx, about, photo, now=now))
        return True

    async def _show_truth(self, card: Card) -> Card | None:
        try:
            view, silent = await self._presenter.present(card)
        except EdgeError:
            raise
        except Exception as error:
            raise NotShown from error
        if view is None:
            return await self._take_away(card)
        if card.message is not None and not card.ring and card.form == view.form:
            return await self._edit(card, card.message, view)
        return await self._send(card, view, silent=silent)

    async def _show_instead(self, card: Card) -> None:
        """A sentence in place of what can't be shown; the card stays owed, its ring too."""
        view = await self._presenter.instead(card)
        digest = self._messenger.digest(view)
        if card.message is None or card.digest != digest:
            message, gone = await self._put(card, view)

            async def step(tx: Transaction) -> Card | None:
                unshown = replace(card, wanted=card.shown)
                after = await tx.card_shown(unshown, message=message, form=view.form, digest=digest)
                if after is not None and gone is not None:
                    await tx.take_away(card.chat, gone, card.form, now=self._clock.now())
                return after

            await self._recorded(step)
        await self._put_off(card, _AFTER_REFUSAL.total_seconds())

    async def _put(self, card: Card, view: Message) -> tuple[MessageId, MessageId | None]:
        """Show `view` in silence: by which message, and which one that replaces."""
        if card.message is not None and card.form == view.form:
            with contextlib.suppress(MessageGone):
                await self._messenger.edit(card.chat, card.message, view, lane=card.lane)
                return card.message, None
        return await self._sent(card, view, silent=True), card.message

    async def _sent(self, card: Card, view: Message, *, silent: bool) -> MessageId:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._messenger.send(card.chat, view, silent=silent, lane=card.lane)
        except TimeoutError as error:
            raise OutcomeUnknown("no answer") from error

    async def _still_ours(self, card: Card) -> Card | None:
        """The card with enough of its lease left for one call; None where somebody else has it, or
        may have since our session ended."""
        now = self._clock.now()
        if not self._database.replicas.holds(card.lease):
            return None
        if card.leased_until is not None and card.leased_until - now >= _LEFT:
            return card
        return await self._database.run(
            lambda tx: tx.renew_card(card, now + CARD_LEASE), one_statement=True
        )

    async def _edit(self, card: Card, message: MessageId, view: Message) -> Card | None:
        digest = self._messenger.digest(view)
        if digest == card.digest:
            self.tally.unchanged += 1
        else:
            try:
                await self._messenger.edit(card.chat, message, view, lane=card.lane)
            except MessageGone:
                return await self._send(card, view, silent=True)
            except Exception as error:
                blame(error, view)
                raise
            self.tally.edited += 1
        return await self._recorded(
            lambda tx: tx.card_shown(
                card, message=message, form=view.form, digest=digest, at=self._clock.now()
            ),
            one_statement=True,
            patient=True,  # nobody waits for it, and an edit can be repeated
        )

    async def _send(self, card: Card, view: Message, *, silent: bool) -> Card | None:
        try:
            message = await self._sent(card, view, silent=silent)
        except Exception as error:
            blame(error, view)
            raise
        self.tally.sent += 1
        sent_at = self._clock.now()
        if card.ring:
            self._signals.journal.rung(card, sent_at, silent=silent)
        digest = self._messenger.digest(view)

        async def step(tx: Transaction) -> Card | None:
            after = await tx.card_shown(
                card, message=message, form=view.form, digest=digest, at=sent_at
            )
            # The message that has been replaced goes; ours does, where our turn was over.
            gone, form = (card.message, card.form) if after is not None else (message, view.form)
            now = self._clock.now()
            if gone is not None:
                await tx.take_away(card.chat, gone, form, now=now)
            if after is not None and not card.told and (about := delivery_of(card.subject)):
                await tx.mark_sender(about, now=now, unless=card.chat)  # whose card says who knows
            return after

        return await self._recorded(step)

    async def _recorded(
        self, step: Step[Card | None], *, one_statement: bool = False, patient: bool = False
    ) -> Card | None:
        """Write down what was shown. Showing it again because that failed once would be a double:
        recording is tried again instead, for as long as the lease lasts."""
        for attempt in range(_RECORDING):
            try:
                after = await self._database.run(step, one_statement=one_statement, patient=patient)
                return after if after is not None and after.owed else None
            except TryLater as error:
                log.warning("shown_not_recorded", attempt=attempt, why=str(error))
                await self._clock.sleep_until(self._clock.now() + backoff(attempt))
        self.tally.possible_doubles += 1
        self._dues.add(self._clock.now() + CARD_LEASE)  # our turn runs out: shown again then
        log.error("shown_never_recorded")
        return None

    async def _take_away(self, card: Card) -> Card | None:
        if card.message is not None:
            await self._remove(card, card.message)
        if await self._database.run(lambda tx: tx.drop_card(card), one_statement=True):
            return None
        return await self._database.run(lambda tx: tx.empty_card(card), one_statement=True)

    async def _remove(self, card: Card, message: MessageId) -> None:
        try:
            await self._messenger.remove(card.chat, message, card.form, lane=card.lane)
        except MessageGone as error:
            log.debug("message_gone_already", why=str(error))
        except (Refused, Unreachable) as error:
            if _kind(card) != OLD:
                raise
            log.debug("old_message_stays", why=str(error))

    async def _unreachable(self, card: Card) -> Card | None:
        """They blocked the bot, or never opened it: owed no longer; told again if they return. An
        alert stays owed, and is tried now and then until its operator is there.

        The card again where it was marked meanwhile: it may be that they are back.
        """
        alert = _kind(card) == ALERT

        async def step(tx: Transaction) -> Card | None:
            person = await tx.person(card.chat)
            now = self._clock.now()
            if person is not None and person.reachable:
                await tx.save_person(replace(person, reachable=False))
                await reach_changed(tx, person.id, now=now)
            if alert or await tx.drop_card(card):
                return None
            return await tx.renew_card(card, now + CARD_LEASE)

        again = await self._database.run(step)
        if alert:
            log.warning("operator_out_of_reach", operator=card.chat)
            await self._put_off(card, _UNTIL_AN_OPERATOR_IS_MET.total_seconds())
        return again

    async def _put_off(self, card: Card, after: float | None, *, unsure: bool = False) -> None:
        self.tally.postponed += 1
        wait = max(backoff(card.failures), timedelta(seconds=after or 0))
        due = self._clock.now() + wait
        await self._database.run(
            lambda tx: tx.card_failed(card, due, unsure=unsure), one_statement=True
        )
        self._dues.add(due)
        self._signals.cards.set()


def _kind(card: Card) -> str:
    return card.subject.partition(":")[0]
