"""An update taken in one transaction, once, in its chat's turn.

Guarantees: when `handle_update` returns, everything the update causes is committed (or the update
was committed before, or is remembered as one that failed); when it raises, nothing is, and the
update must come again. Words go out only after the commit.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from functools import partial
from typing import Any

import structlog
from telegram import Update
from telegram.ext import Application, BaseHandler, ExtBot

from bot.domain.ids import PersonId
from bot.domain.lifecycle import Illegal
from bot.ports.database import Transaction
from bot.ports.errors import EdgeError, TryLater
from bot.ports.people import Opening
from bot.usecases.actor import NotPermitted, NotYours, Stale
from handlers.conversation.context import Context, Wiring

log = structlog.get_logger(__name__)

App = Application[ExtBot[None], Context, dict[Any, Any], dict[Any, Any], Wiring, Any]

OUT_OF_DATE = (Stale, NotYours, NotPermitted, Illegal)
"""What a use case raises when a button no longer fits the facts: nobody's fault."""


class Transactional(BaseHandler[Update, Context, None], ABC):
    """A handler whose effect is a transaction; subclasses say what happens within it.

    `take` does what the update asks for. When it raises, all of it is rolled back and `amend` is
    asked, in a transaction of its own, to say so; the update is then remembered as handled, so that
    one that can't be handled blocks nobody. Where not even that can be said, it is passed over.
    `TryLater` (storage is away, the disk is full) is passed on instead: nothing can be remembered,
    so the update has to come again, and whoever caused it is told that it is not saved.
    """

    def __init__(self) -> None:
        super().__init__(self._unused, block=True)

    @abstractmethod
    async def take(self, update: Update, context: Context, opening: Opening) -> None:
        """What the update causes, within the open transaction; no network calls."""

    @abstractmethod
    async def amend(
        self, update: Update, context: Context, opening: Opening, error: Exception
    ) -> None:
        """What is left behind for an update whose step was rolled back because of `error`."""

    async def handle_update(
        self, update: Update, application: App, check_result: object, context: Context
    ) -> None:
        """Raises TryLater, or whatever storage raised, when nothing could be committed."""
        async with context.wiring.turns.of(_chat(update)):
            try:
                await self._committed(update, context)
            except TryLater:
                context.wiring.unsaved.tell(update, partial(_unsaved, update, context.wiring))
                raise
        context.wiring.unsaved.over(_chat(update))
        _speak(update, context)

    async def _committed(self, update: Update, context: Context) -> None:
        try:
            await self._commit(update, context, None)
        except TryLater:
            raise
        except Exception as error:
            if not isinstance(error, OUT_OF_DATE):
                context.wiring.failed += 1
                log.exception("step failed", update_id=update.update_id)
            await self._amended(update, context, error)

    async def _amended(self, update: Update, context: Context, error: Exception) -> None:
        try:
            await self._commit(update, context, error)
        except TryLater:
            raise
        except Exception:
            log.exception("failure not told", update_id=update.update_id)
            await self._commit(update, context, error, pass_over=True)

    async def _commit(
        self,
        update: Update,
        context: Context,
        failed: Exception | None,
        *,
        pass_over: bool = False,
    ) -> None:
        async def step(tx: Transaction) -> None:
            now = context.wiring.clock.now()
            opening = await tx.open_update(update.update_id, _chat(update), now)
            context.begin(tx, opening, now)
            if not opening.fresh or pass_over:
                return
            if failed is None:
                await self.take(update, context, opening)
            else:
                await self.amend(update, context, opening, failed)

        await context.wiring.database.run(step, brief=True, urgent=True)

    async def _unused(self, update: Update, context: Context) -> None:
        raise NotImplementedError("BaseHandler wants a callback; `take` is ours")


def _chat(update: Update) -> PersonId:
    assert update.effective_chat is not None, "check_update accepts only what has a chat"
    return PersonId(update.effective_chat.id)


async def _unsaved(update: Update, wiring: Wiring) -> str:
    """In the person's language, as far as that can be read; else in their phone's."""
    user, chosen = update.effective_user, None
    with contextlib.suppress(EdgeError):
        person = await wiring.database.glance(lambda tx: tx.person(_chat(update)))
        chosen = person and person.language
    return wiring.phrases.unsaved(chosen or (user and user.language_code) or wiring.locale)


def _speak(update: Update, context: Context) -> None:
    if update.callback_query:
        answers = context.wiring.answers
        answers.give(update.callback_query, context.said, alert=context.alert)
