"""How the bot's three standing loops wait: for a poke or a moment, whichever comes first.

Guarantees: a poke is never lost (one that comes while the loop is at work makes it turn once more);
stopping lets the turn under way finish.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.ports import Clock

log = structlog.get_logger()

_AFTER_FAILURE = timedelta(seconds=1)


class Loop:
    """Takes `turn()` again and again; a turn says when to wake it next (None: at a poke only)."""

    def __init__(
        self, name: str, clock: Clock, turn: Callable[[], Awaitable[datetime | None]]
    ) -> None:
        self._name, self._clock, self._turn = name, clock, turn
        self._poked = asyncio.Event()
        self._stopping = False
        self._failing = False

    def poke(self) -> None:
        """There may be something to do now."""
        self._poked.set()

    def stop(self) -> None:
        """End after the turn under way."""
        self._stopping = True
        self._poked.set()

    async def run(self) -> None:
        """Turn until stopped. A turn that fails is logged at its first failure and taken again."""
        while not self._stopping:
            self._poked.clear()
            await self._wait(await self._attempt())

    async def _attempt(self) -> datetime | None:
        try:
            due = await self._turn()
        except Exception:
            if not self._failing:
                log.exception("loop_failing", loop=self._name)
            self._failing = True
            return self._clock.now() + _AFTER_FAILURE
        if self._failing:
            log.info("loop_recovered", loop=self._name)
        self._failing = False
        return due

    async def _wait(self, due: datetime | None) -> None:
        waiters: list[asyncio.Task[object]] = [asyncio.create_task(self._poked.wait())]
        if due is not None:
            waiters.append(asyncio.create_task(self._clock.sleep_until(due)))
        try:
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
            for waiter in waiters:
                with contextlib.suppress(asyncio.CancelledError):
                    await waiter


def backoff(attempts: int, *, first: float = 1.0, longest: float = 60.0) -> timedelta:
    """Twice as long each time, within bounds."""
    return timedelta(seconds=min(first * 2 ** min(attempts, 16), longest))
