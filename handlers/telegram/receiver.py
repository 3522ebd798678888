"""How updates get in, and when Telegram is told that they did.

Guarantees: an update is confirmed (the polling offset; the return of `take`) only after everything
it causes has been committed; killed at any instant, whatever was not confirmed comes again and is
recognised by its id. Chats are served side by side, each in order. Nothing here holds an update
that the database does not.

Polling goes on only when the whole batch is committed. That stalls nobody: a step makes no network
call, so a batch takes as long as its commits do, which the database makes together.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar, cast

import structlog
from telegram import Update
from telegram.error import Conflict, RetryAfter, TelegramError
from telegram.warnings import PTBUserWarning

from bot.ports.clock import Clock
from bot.ports.errors import TryLater
from bot.workers.loop import backoff
from handlers.telegram.errors import pause, translated
from handlers.telegram.introduction import AnyApplication, introduce

log = structlog.get_logger(__name__)

UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
"""What Telegram is asked to send (`allowed_updates`)."""

T = TypeVar("T")

_BATCH = 100
_FAREWELL = 2.0  # seconds granted to Telegram at the end, for the last confirmation and answers


class _Stopped(Exception):
    """Nobody wants the answer any more."""


class Receiver:
    """Polls (`poll`), or is handed updates one by one (`take`). `long_poll` in seconds."""

    def __init__(self, application: AnyApplication, clock: Clock, *, long_poll: int = 25) -> None:
        self._application, self._clock = application, clock
        self._long_poll = timedelta(seconds=long_poll)
        self._offset: int | None = None
        self._stopping = False
        self._asking: asyncio.Timeout | None = None
        self.introduced = asyncio.Event()
        """Set once Telegram has told us who we are: before that, nothing can be said."""
        self._failures: dict[int, Exception] = {}
        application.add_error_handler(self._note_failure)

    def stop(self) -> None:
        """End: the long poll at once, steps under way when they are committed."""
        self._stopping = True
        if self._asking is not None:
            self._asking.reschedule(0)  # now

    async def poll(self) -> None:
        """Receive until stopped, then confirm. Raises Misconfigured."""
        bot, failures = self._application.bot, 0
        try:
            await self._introduce()
            await self._ask(bot.delete_webhook)  # getUpdates is refused while one is set
            while True:
                updates = await self._ask(self._get_updates)
                untaken = await self._take_batch(updates)
                self._offset = next_offset(updates, untaken)
                failures = failures + 1 if untaken else 0
                if untaken:
                    await self._pause(backoff(failures - 1))
        except _Stopped:
            await self._confirm()
        finally:
            await self._application.bot_data.answers.settle(_FAREWELL)

    async def listen(self, url: str, secret: str, *, connections: int = 40) -> None:
        """Have updates sent to `url` (setWebhook) from now on. Raises Misconfigured, Refused."""
        bot = self._application.bot
        try:
            await self._introduce()
            await self._ask(
                lambda: bot.set_webhook(
                    url,
                    secret_token=secret,
                    max_connections=connections,
                    allowed_updates=UPDATES,
                )
            )
        except _Stopped:
            return

    async def _introduce(self) -> None:
        await self._ask(lambda: introduce(self._application))
        self.introduced.set()

    async def take(self, update: Mapping[str, Any]) -> None:
        """One update as Telegram's JSON; returns once it is committed.

        Raises ValueError for what is no update, TryLater (or storage's own error) when it must be
        sent again.
        """
        if self._stopping:
            raise TryLater("the bot is stopping")
        try:
            read = Update.de_json(dict(update), self._application.bot)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("this is not an update") from error
        await self._take(read)

    async def _take(self, update: Update) -> None:
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
                log.warning("update not taken", update_id=update.update_id, error=repr(error))
                return updates[done:]
        return []

    async def _get_updates(self) -> Sequence[Update]:
        asked: dict[str, Any] = {
            "offset": self._offset,
            "limit": _BATCH,
            "timeout": self._long_poll,
            "allowed_updates": UPDATES,
        }
        bot = self._application.bot
        try:
            updates: Sequence[Update] = await bot.get_updates(**asked)
            return updates
        except (TypeError, ValueError, KeyError, AttributeError):
            log.exception("an update can't be read")
        # get_updates reads all of a batch or nothing; here the one that can't be read is let pass.
        with warnings.catch_warnings(action="ignore", category=PTBUserWarning):
            bodies: Any = await bot.do_api_request("getUpdates", asked)
        return [self._readable(body) for body in bodies]

    def _readable(self, body: dict[str, Any]) -> Update:
        try:
            return Update.de_json(body, self._application.bot)
        except (TypeError, ValueError, KeyError, AttributeError):
            log.warning("update let pass unread", update_id=body["update_id"])
            return Update(body["update_id"])

    async def _confirm(self) -> None:
        if self._offset is None:
            return
        try:
            async with asyncio.timeout(_FAREWELL):
                await self._application.bot.get_updates(offset=self._offset, limit=1, timeout=0)
        except (TelegramError, TimeoutError) as error:
            # They come again at the next start, and are recognised.
            log.info("last updates not confirmed", error=type(error).__name__)

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T:
        """Telegram's answer, however often it takes; complains once, and says when it is over."""
        attempts = 0
        while True:
            try:
                answer = await self._unless_stopped(call())
            except (TelegramError, TryLater) as error:
                wait = _wait(error, attempts)
                if not attempts:
                    log.warning("telegram does not answer", why=_why(error))
            else:
                if attempts:
                    log.info("telegram answers again", attempts=attempts)
                return answer
            attempts += 1
            await self._pause(wait)

    async def _pause(self, wait: timedelta) -> None:
        await self._unless_stopped(self._clock.sleep_until(self._clock.now() + wait))

    async def _unless_stopped(self, work: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(0 if self._stopping else None) as self._asking:
                return await work
        except TimeoutError:
            if self._stopping:
                raise _Stopped from None
            raise
        finally:
            self._asking = None


def next_offset(updates: Sequence[Update], untaken: Sequence[Update]) -> int | None:
    """Confirms all that was taken and nothing else, in whatever order the ids came.

    After an empty answer none is needed: what was confirmed is gone at Telegram. Going on without
    one means that ids which start again lower (after a week of silence) are not passed over.
    """
    if untaken:
        return min(update.update_id for update in untaken)
    return max((update.update_id + 1 for update in updates), default=None)


def _wait(error: Exception, attempts: int) -> timedelta:
    """How long to leave Telegram alone. Raises what no waiting mends."""
    if isinstance(error, RetryAfter):
        return timedelta(seconds=pause(error))
    if isinstance(error, TelegramError) and not isinstance(error, Conflict):
        meant = translated(error, sending=False)
        if not isinstance(meant, TryLater):
            raise meant from error
    return backoff(attempts)


def _why(error: Exception) -> str:
    if isinstance(error, Conflict):
        return "another process receives this bot's updates, and only one may"
    return str(error)
