"""How updates get in, and when Telegram is told that they did.

Guarantees: an update is confirmed (the polling offset; the return of `take`) only after everything
it causes has been committed; killed at any instant, whatever was not confirmed comes again and is
recognised by its id. Chats are served side by side, each in order. Nothing here holds an update
that the database does not. One that can't be read is passed over, by either way in, and logged once
by its id alone: no word of an update gets into a log, not by a library either.

Polling goes on only when the whole batch is committed. That stalls nobody: a step makes no network
call, so a batch takes as long as its commits do, which the database makes together.
"""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from telegram import Update
from telegram.error import TelegramError
from telegram.warnings import PTBUserWarning

from bot.ports.clock import Clock
from bot.ports.errors import TryLater
from bot.ports.signals import CAUSE
from bot.workers.loop import backoff
from handlers.telegram import shape
from handlers.telegram.answers import Answers
from handlers.telegram.asking import Asking, Stopped
from handlers.telegram.introduction import AnyApplication, introduce
from handlers.telegram.updates import update_of
from handlers.telegram.webhook import Webhook

log = structlog.get_logger(__name__)

ANSWERED_WITHIN = timedelta(minutes=1)
"""A bot that polls and got no answer for longer hears nobody, whatever the reason is."""

_BATCH = 100
_SILENCE = 10.0
"""Seconds beyond a long poll's own time after which it counts as lost."""
_UNREAD = 1000
"""So many ids of updates that were let pass are remembered, to be logged once."""
_FAREWELL = 2.0
"""Seconds granted to Telegram at the end: for answers, and for the last confirmation."""


class NoUpdate(Exception):
    """Without an id that could be one: whoever sent this is not Telegram."""


class Receiver:
    """Polls (`poll`), or is handed updates one by one (`take`). `long_poll` in seconds."""

    def __init__(self, application: AnyApplication, clock: Clock, *, long_poll: int = 25) -> None:
        self._application, self._clock = application, clock
        self._long_poll = timedelta(seconds=long_poll)
        self._offset: int | None = None
        self._unread: deque[int] = deque(maxlen=_UNREAD)
        self.introduced = asyncio.Event()
        """Set once Telegram has told us who we are: before that, nothing can be said."""
        self.begun = asyncio.Event()
        """Set once what people did before the start has been taken, or nothing is known of it."""
        self._asking = Asking(clock, failed=self.begun.set)
        self.hearing = self._asking.hearing
        self._polling = self._listening = False
        self.taken_at: datetime | None = None
        """When an update last came in."""
        self._failures: dict[int, Exception] = {}
        application.add_error_handler(self._note_failure)

    def stop(self) -> None:
        """End: the long poll at once, steps under way when they are committed."""
        self._asking.stop()

    @property
    def answered_at(self) -> datetime | None:
        """When Telegram last did what it was asked for here; by polling, getUpdates too."""
        return self._asking.answered_at

    @property
    def deaf(self) -> str | None:
        """Why what people do would not reach the bot now; None: it would, as far as is known. That
        nobody does anything is no reason."""
        if self.hearing.why is not None:
            return self.hearing.why
        if self.answered_at is None:
            return "Telegram has not answered since the start"
        if not (self._polling or self._listening):
            return "Telegram does not know yet where to deliver"
        silent = self._clock.now() - self.answered_at
        if self._polling and silent > ANSWERED_WITHIN:
            return f"Telegram has not answered for {round(silent.total_seconds())} s"
        return None

    async def poll(self) -> None:
        """Receive until stopped, then confirm. Raises Misconfigured."""
        bot, asking, failures = self._application.bot, self._asking, 0
        self._polling = True
        try:
            await self._introduce()
            await asking.answer(bot.delete_webhook)  # getUpdates is refused while one is set
            while True:
                updates = [*map(self._readable, await asking.answer(self._get_updates))]
                untaken = await self._take_batch(updates)
                # What is confirmed does not come again: then no button may wait for this process.
                await self._application.bot_data.answers.on_their_way()
                self._offset = next_offset(updates, untaken)
                self.begun.set()
                failures = failures + 1 if untaken else 0
                if untaken:
                    await asking.pause(backoff(failures - 1))
        except Stopped:
            # Where an answer is still under way, what has not been confirmed yet comes again at the
            # next start, and its button is answered then.
            if await self._application.bot_data.answers.all_arrived(_FAREWELL):
                await self._confirm()

    async def listen(self, url: str, secret: str, *, connections: int = 40) -> None:
        """Have updates sent to `url` from now on. Raises Misconfigured, Refused."""
        with contextlib.suppress(Stopped):
            await self._introduce()
            await self._webhook(url, secret, connections).set(self._application.bot)
            self._listening = True
            self.begun.set()

    async def stay_hooked(self, url: str, secret: str, *, connections: int = 40) -> None:
        """Look until stopped whether Telegram still delivers there. Raises Misconfigured."""
        with contextlib.suppress(Stopped):
            await self._webhook(url, secret, connections).stay(self._application.bot)

    def _webhook(self, url: str, secret: str, connections: int) -> Webhook:
        return Webhook(self._asking, self._clock, url, secret, connections)

    async def _introduce(self) -> None:
        await self._asking.answer(lambda: introduce(self._application))
        self.introduced.set()

    async def take(self, update: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """One update as Telegram's JSON; returns once it is committed. What it returns is the call
        that answers its button, which the update's own response carries: whoever confirms the one
        has sent the other, and an update that comes again brings it again.

        One that can't be read is passed over. Raises NoUpdate, or TryLater (or storage's own error)
        when it must be sent again.
        """
        if self._asking.stopping:
            raise TryLater("the bot is stopping")
        if shape.number_of(update) is None:
            raise NoUpdate
        read = self._readable(update)
        if read.callback_query is None:
            await self._take(read)
            return None
        answers: Answers = self._application.bot_data.answers
        with answers.held(read.callback_query) as held:
            await self._take(read)
        return held.call

    async def _take(self, update: Update) -> None:
        CAUSE.set(update.update_id)
        self.taken_at = self._clock.now()
        await self._application.process_update(update)
        # process_update returns normally whatever a handler raised; see `_note_failure`.
        if failure := self._failures.pop(id(update), None):
            raise failure

    async def _note_failure(self, update: object, context: Any) -> None:
        # By identity: the same update may be under way twice.
        self._failures[id(update)] = cast(Exception, context.error)

    async def _take_batch(self, updates: Sequence[Update]) -> list[Update]:
        """Those that could not be taken: a chat's first failure and all that follow it there."""
        chats: dict[int, list[Update]] = {}
        for update in updates:
            chat = update.effective_chat
            chats.setdefault(chat.id if chat else 0, []).append(update)
        untaken = await asyncio.gather(*map(self._take_in_order, chats.values()))
        return [update for left in untaken for update in left]

    async def _take_in_order(self, updates: list[Update]) -> list[Update]:
        for done, update in enumerate(updates):
            try:
                await self._take(update)
            except Exception as error:
                name = type(error).__name__
                log.warning("update not taken", update_id=update.update_id, error=name)
                return updates[done:]
        return []

    async def _get_updates(self) -> Sequence[Mapping[str, Any]]:
        wait = self._long_poll if self.begun.is_set() else timedelta(0)
        return await self._updates_from(self._offset, _BATCH, wait)

    async def _updates_from(
        self, offset: int | None, limit: int, wait: timedelta
    ) -> Sequence[Mapping[str, Any]]:
        """As they come. Bot.get_updates would read all of a batch or nothing, and log it whole."""
        seconds = int(wait.total_seconds())
        asked = {
            "offset": offset,
            "limit": limit,
            "timeout": seconds,
            "allowed_updates": shape.KINDS,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        with warnings.catch_warnings(action="ignore", category=PTBUserWarning):
            bodies: Any = await self._application.bot.do_api_request(
                "getUpdates", given, read_timeout=_SILENCE + seconds
            )
        updates = [body for body in bodies if shape.number_of(body) is not None]
        if bodies and not updates:
            raise TryLater("Telegram's answer holds no update")
        return updates

    def _readable(self, body: Mapping[str, Any]) -> Update:
        """The update; where that can't be read, one that nobody takes."""
        number: int = body["update_id"]
        try:
            return update_of(shape.read(body), self._application.bot)
        except Exception as error:  # whatever it is, the next one must not wait for it
            if number not in self._unread:
                self._unread.append(number)
                log.warning("update let pass unread", update_id=number, error=type(error).__name__)
            return Update(number)

    async def _confirm(self) -> None:
        if self._offset is None:
            return
        try:
            async with asyncio.timeout(_FAREWELL):
                await self._updates_from(self._offset, 1, timedelta(0))
        except (TelegramError, TryLater, TimeoutError) as error:
            # They come again at the next start, and are recognised.
            log.info("last updates not confirmed", error=type(error).__name__)


def next_offset(updates: Sequence[Update], untaken: Sequence[Update]) -> int | None:
    """Confirms all that was taken and nothing else, in whatever order the ids came.

    After an empty answer none is needed: what was confirmed is gone at Telegram. Going on without
    one means that ids which start again lower (after a week of silence) are not passed over.
    """
    if untaken:
        return min(update.update_id for update in untaken)
    return max((update.update_id + 1 for update in updates), default=None)
