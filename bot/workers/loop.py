"""How standing loops wait, and how work of a loop goes on side by side.

Guarantees: a signal is never lost (one that is raised while the loop is at work makes it turn once
more); stopping lets the turn under way finish; of the work that goes on side by side there is at
most one task for a key, and so many at once; what a task dies of is raised by the loop's next turn,
and so logged once and waited upon like any other failure of that loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from typing import Any, Generic, TypeVar

import structlog

from bot.ports.clock import Clock
from bot.ports.database import Database, Step
from bot.workers.signals import LOOK_AGAIN, Signal

log = structlog.get_logger()


_AFTER_FAILURE = timedelta(seconds=1)


class Loop:
    """Takes `turn()` again and again; a turn says when to take the next (None: at a signal only).

    What `signal` was raised for is the turn's to take.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        turn: Callable[[], Awaitable[datetime | None]],
        signal: Signal,
    ) -> None:
        self._name, self._clock, self._turn, self._signal = name, clock, turn, signal
        self._stopping = False
        self._failing = False

    def stop(self) -> None:
        """End after the turn under way."""
        self._stopping = True
        self._signal.set()

    async def run(self) -> None:
        """Turn until stopped. A turn that fails is logged at its first failure and taken again."""
        while not self._stopping:
            due, failed = await self._attempt()
            if failed:  # a signal that still stands is not heeded before the moment
                await self._clock.sleep_until(self._clock.now() + _AFTER_FAILURE)
            elif not self._stopping:
                await self._wait(due)

    async def _attempt(self) -> tuple[datetime | None, bool]:
        try:
            due = await self._turn()
        except Exception:
            if not self._failing:
                log.exception("loop_failing", loop=self._name)
            self._failing = True
            return None, True
        if self._failing:
            log.info("loop_recovered", loop=self._name)
        self._failing = False
        return due, False

    async def _wait(self, due: datetime | None) -> None:
        """Until the moment or the signal, whichever comes first."""
        if due is None or self._signal.is_set:
            await self._signal.wait()
            return
        waiters = [
            asyncio.ensure_future(self._signal.wait()),
            asyncio.ensure_future(self._clock.sleep_until(due)),
        ]
        try:
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
            await asyncio.gather(*waiters, return_exceptions=True)


def backoff(attempts: int, *, first: float = 1.0, longest: float = 60.0) -> timedelta:
    """Twice as long each time, within bounds."""
    return timedelta(seconds=min(first * 2 ** min(attempts, 16), longest))


class Dues:
    """When a loop has to look in the database next, without asking the database each time.

    What falls due later is known to the process that has put it off; what was there before, and
    what other processes leave, is looked up: at the start, when the moment that was looked up has
    come, and (on a shared database) every `LOOK_AGAIN`.
    """

    def __init__(self, now: datetime) -> None:
        self._known: list[datetime] = []
        self._looked_up: datetime | None = now
        self._look_up = True

    def add(self, due: datetime) -> None:
        """Something falls due then."""
        heappush(self._known, due)

    @property
    def next(self) -> datetime | None:
        """When to look, None: at a signal only."""
        known = self._known[0] if self._known else None
        return min(filter(None, (known, self._looked_up)), default=None)

    def have_come(self, now: datetime) -> bool:
        """Whether it is time to look; what has come is taken as looked at."""
        come = False
        while self._known and self._known[0] <= now:
            heappop(self._known)
            come = True
        if self._looked_up is not None and self._looked_up <= now:
            self._looked_up, self._look_up, come = None, True, True
        return come

    async def look_ahead(
        self, database: Database, now: datetime, ask: Step[datetime | None]
    ) -> None:
        """Look up what falls due next, if that may have changed unheard."""
        if not self._look_up:
            return
        self._look_up = False
        self._looked_up = await database.look(ask, one_statement=True)
        if database.shared:
            again = now + LOOK_AGAIN
            self._looked_up = min(self._looked_up or again, again)


K = TypeVar("K", bound=Hashable)


class Underway(Generic[K]):
    """See the module. `finished` is told each key whose task has ended, when it is free again."""

    def __init__(self, at_once: int, finished: Callable[[K], None]) -> None:
        self._at_once, self._finished = at_once, finished
        self._tasks: dict[K, asyncio.Task[None]] = {}
        self._failure: BaseException | None = None

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, key: K) -> bool:
        return key in self._tasks

    def start(self, key: K, work: Coroutine[Any, Any, None]) -> bool:
        """Start on `work`; False (and it is dropped) when its key is busy, or there is no room."""
        if key in self._tasks or len(self._tasks) >= self._at_once:
            work.close()
            return False
        task = asyncio.create_task(work, name=f"for {key}")
        self._tasks[key] = task
        task.add_done_callback(partial(self._ended, key))
        return True

    def _ended(self, key: K, task: asyncio.Task[None]) -> None:
        del self._tasks[key]
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failure = failure
        self._finished(key)

    @property
    def failed(self) -> bool:
        """Whether a task has died of something that nobody was told yet."""
        return self._failure is not None

    def raise_failure(self) -> None:
        """Raise what a task has died of since this was last asked."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    async def settle(self) -> None:
        """Wait for what is under way (at shutdown, and in tests)."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await asyncio.sleep(0)
