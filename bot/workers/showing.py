"""How one card is shown, once it has its turn.

Guarantees: it is rendered from the present truth at that moment; only the holder of its lease shows
it, and renews that first where too little of it is left for one call; where what it shows can't be
made, or Telegram refuses it, a plain sentence says so in its place until it can, and the cause is
logged once; what was shown is not shown again because it could not be written down: writing is
tried again, and where that never succeeds, or the answer to a call is lost, it counts as possibly
sent twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bot.domain.card import ALERT, OLD, Card, Lane, delivery_of, photo_of
from bot.domain.ids import MessageId
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
from bot.workers.loop import Dues, backoff
from bot.workers.not_shown import Complaints, NotShown, blame
from bot.workers.signals import CARD_LEASE, Signals

log = structlog.get_logger()

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
    """What the metrics show of it."""

    sent: int = 0
    edited: int = 0
    unchanged: int = 0
    postponed: int = 0
    possible_doubles: int = 0


class Showing:
    """See the module; `dues` is told when a card falls due that was put off."""

    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        presenter: Presenter,
        clock: Clock,
        signals: Signals,
        dues: Dues,
    ) -> None:
        self._database, self._messenger = database, messenger
        self._presenter, self._clock, self._signals = presenter, clock, signals
        self._dues = dues
        self._complaints = Complaints()
        self.tally = Tally()

    async def bring(self, card: Card) -> Card | None:
        """Show the card; the card again where it was marked meanwhile and is still ours."""
        CAUSE.set(self._signals.journal.cause_of_card(card))
        try:
            return await self._show(card)
        except OutcomeUnknown:
            self.tally.possible_doubles += 1
            await self._put_off(card, None, unsure=True)
        except TryLater as error:
            await self._put_off(card, error.after, unsure=not error.undone)
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

            await self._recorded(card, step)
        await self._put_off(card, _AFTER_REFUSAL.total_seconds())

    async def _put(self, card: Card, view: Message) -> tuple[MessageId, MessageId | None]:
        """Show `view` in silence: by which message, and which one that replaces."""
        if card.message is not None and card.form == view.form:
            try:
                await self._messenger.edit(card.chat, card.message, view, lane=card.lane)
            except MessageGone:
                with _gone():
                    return await self._sent(card, view, silent=True), card.message
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
                with _gone():
                    return await self._send(card, view, silent=True)
            except Exception as error:
                blame(error, view)
                raise
            self.tally.edited += 1
        return await self._recorded(
            card,
            lambda tx: tx.card_shown(
                card, message=message, form=view.form, digest=digest, at=self._clock.now()
            ),
            one_statement=True,
            patient=True,  # an edit can be repeated
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

        return await self._recorded(card, step)

    async def _recorded(
        self,
        card: Card,
        step: Step[Card | None],
        *,
        one_statement: bool = False,
        patient: bool = False,
    ) -> Card | None:
        """Write down what was shown. Showing it again because that failed once would be a double:
        recording is tried again instead, for as long as the lease lasts. The next answer in a chat
        waits for that of the one before."""
        urgent = card.lane is Lane.ANSWER
        for attempt in range(_RECORDING):
            try:
                after = await self._database.run(
                    step, one_statement=one_statement, patient=patient, urgent=urgent
                )
                return after if after is not None and after.owed else None
            except TryLater as error:
                log.warning("shown_not_recorded", attempt=attempt, why=str(error))
                await self._clock.sleep_until(self._clock.now() + backoff(attempt))
        self.tally.possible_doubles += 1
        self._dues.add(self._clock.now() + CARD_LEASE)  # our turn runs out: shown again then
        self._signals.cards.set()
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


@contextlib.contextmanager
def _gone() -> Iterator[None]:
    """The message is gone: nothing is as it was shown, though nothing comes of this call."""
    try:
        yield
    except TryLater as error:
        raise TryLater(str(error), error.after) from error


def _kind(card: Card) -> str:
    return card.subject.partition(":")[0]
