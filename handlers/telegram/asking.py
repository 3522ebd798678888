"""Telegram asked until it answers, or until nobody wants the answer any more.

Guarantees: after whatever waiting may mend it is asked again, when it says or a little later each
time; a refusal that no waiting mends is raised; `hearing` is told how it went.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from telegram.error import BadRequest, Conflict, RetryAfter, TelegramError

from bot.domain.alerts import Unheard
from bot.ports.clock import Clock
from bot.ports.errors import Misconfigured, Refused, TryLater
from bot.workers.hearing import Hearing
from bot.workers.loop import backoff
from handlers.telegram.errors import UNREADABLE, pause, translated, unread

T = TypeVar("T")


class Stopped(Exception):
    """Nobody wants the answer any more."""


class Asking:
    """See the module. `failed` is called whenever Telegram did not do what it was asked for."""

    def __init__(self, clock: Clock, failed: Callable[[], object]) -> None:
        self._clock, self._failed = clock, failed
        self._waiting: asyncio.Timeout | None = None
        self.stopping = False
        self.hearing = Hearing(clock)
        self.answered_at: datetime | None = None
        """When Telegram last did what it was asked for."""

    def stop(self) -> None:
        """End whatever waits, at once; from now on nothing is asked."""
        self.stopping = True
        if self._waiting is not None:
            self._waiting.reschedule(0)  # now

    async def answer(
        self,
        call: Callable[[], Awaitable[T]],
        *,
        quiet: bool = False,
        ending: type[Refused] = Misconfigured,
    ) -> T:
        """Its answer, however often it takes; `quiet`: that there is one means nothing.
        Raises Stopped, and refusals of the kind `ending`; after any other it is asked again."""
        attempts = 0
        while True:
            if self.stopping:  # or a last question might still confirm what it should not
                raise Stopped
            try:
                answer = await self._unless_stopped(call())
            except (TelegramError, TryLater, *UNREADABLE) as error:
                wait = _wait(error, attempts, ending)
                taken = isinstance(error, Conflict)
                self._failed()
                self.hearing.failed(_why(error), Unheard.TAKEN if taken else Unheard.SILENT)
            else:
                self.answered_at = self._clock.now()
                if not quiet:
                    self.hearing.heard()
                return answer
            attempts += 1
            await self.pause(wait)

    async def pause(self, wait: timedelta) -> None:
        """Wait for so long. Raises Stopped."""
        await self._unless_stopped(self._clock.sleep_until(self._clock.now() + wait))

    async def _unless_stopped(self, work: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(0 if self.stopping else None) as self._waiting:
                return await work
        except TimeoutError:
            if self.stopping:
                raise Stopped from None
            raise
        finally:
            self._waiting = None


def _wait(error: Exception, attempts: int, ending: type[Refused]) -> timedelta:
    """How long to leave Telegram alone. Raises what no waiting mends: a refusal of that kind."""
    if isinstance(error, RetryAfter):
        return timedelta(seconds=pause(error))
    if isinstance(error, TelegramError) and not isinstance(error, Conflict):
        meant = translated(error, sending=False)
        if isinstance(meant, ending):
            raise meant from error
    return backoff(attempts)


def _why(error: Exception) -> str:
    if isinstance(error, Conflict):
        return "another process receives this bot's updates, and only one may"
    if isinstance(error, RetryAfter):
        return "Telegram asks for a pause"
    if isinstance(error, BadRequest):
        return str(translated(error, sending=False))
    if isinstance(error, UNREADABLE):
        return str(unread(error, sending=False))
    return str(error)
