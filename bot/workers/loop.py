"""How standing loops wait, and how work of a loop goes on side by side.

Guarantees: a signal is never lost (one that is raised while the loop is at work makes it turn once
more); stopping lets the turn under way finish; of the work that goes on side by side there is at
most one task for a key, and so many at once; what a task dies of is raised by the loop's next turn,
and so logged once and waited upon like any other failure of that loop. A loop knows whether it
stands still; one whose turns fail does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar

import structlog

from bot.ports.clock import Clock
from bot.ports.database import Database, Step
from bot.ports.errors import TryLater
from bot.workers.signals import LOOK_AGAIN, Signal

log = structlog.get_logger()

_AFTER_FAILURE = timedelta(seconds=1)
LATE = timedelta(minutes=2)
"""How long after its moment a turn has begun at the latest."""
LONGEST_TURN = timedelta(minutes=10)
"""How long a turn may take: longer than any that is merely slow, as with a Harbor that drips."""


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
        self._died = False
        self._until: datetime | None = None
        self.failures = 0
        """How many turns have failed."""

    @property
    def stands_still(self) -> bool:
        """Whether the turn under way, or the wait for the next, has lasted far too long; or the
        loop has ended and nobody stopped it."""
        late = self._until is not None and self._clock.now() > self._until
        return not self._stopping and (late or self._died)

    def stop(self) -> None:
        """End after the turn under way."""
        self._stopping = True
        self._signal.close()

    async def run(self) -> None:
        """Turn until stopped. A turn that fails is logged at its first failure and taken again."""
        try:
            while not self._stopping:
                due, failed = await self._attempt()
                if failed:  # a signal that still stands is not heeded before the moment
                    again = self._clock.now() + _AFTER_FAILURE
                    self._until = again + LATE
                    await self._clock.sleep_until(again)
                elif not self._stopping:
                    self._until = due + LATE if due is not None else None
                    await self._wait(due)
        except BaseException:
            self._died = True
            raise

    async def _attempt(self) -> tuple[datetime | None, bool]:
        self._until = self._clock.now() + LONGEST_TURN
        try:
            due = await self._turn()
        except Exception as error:
            if not self._failing:
                self._complain(error)
            self._failing = True
            self.failures += 1
            return None, True
        if self._failing:
            log.info("loop_recovered", loop=self._name)
        self._failing = False
        return due, False

    def _complain(self, error: Exception) -> None:
        """What passes by itself, such as a database that is away, is no fault of ours."""
        if isinstance(error, TryLater):
            log.warning("loop_waiting", loop=self._name, why=str(error))
        else:
            log.error("loop_failing", loop=self._name, exc_info=error)

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
    """When a loop has to look in the database next, asking the database as seldom as can be.

    Guarantees: nothing that falls due is forgotten: of several moments the earliest is kept, and
    that there are others, which are looked up once it has come; a look that fails is due still.
    What other processes leave is found every `LOOK_AGAIN` on a shared database.
    """

    def __init__(self, now: datetime) -> None:
        self._next: datetime | None = now
        self._more = True

    def add(self, due: datetime) -> None:
        """Something falls due then."""
        self._more |= self._next is not None and due != self._next
        self._next = due if self._next is None else min(due, self._next)

    def take(self, signal: Signal, now: datetime) -> None:
        """Lower `signal` and take down what it was raised for, if it was."""
        if signal.is_set:
            due, more = signal.take()
            self.add(due or now)
            self._more |= more

    @property
    def next(self) -> datetime | None:
        """When to look, None: at a signal only."""
        return self._next

    async def when_come(self, now: datetime, look: Callable[[datetime], Awaitable[None]]) -> None:
        """Take `look` if it is time to."""
        if self._next is None or self._next > now:
            return
        come, self._next = self._next, None
        try:
            await look(now)
        except BaseException:
            self.add(come)
            raise

    async def look_ahead(
        self, database: Database, now: datetime, ask: Step[datetime | None]
    ) -> None:
        """After a look: find out what falls due next, unless that is known."""
        if not (self._more or database.shared):
            return
        self._more = False
        try:
            due = await database.look(ask, one_statement=True)
        except BaseException:
            self._more = True
            raise
        if due is not None:
            self.add(due)
            self._more = True  # what falls due after it is not known
        if database.shared:
            self.add(now + LOOK_AGAIN)


K = TypeVar("K", bound=Hashable)


class Underway(Generic[K]):
    """See the module. `finished` is told each key whose task has ended, when it is free again."""

    def __init__(self, at_once: int, finished: Callable[[K], None]) -> None:
        self._at_once, self._finished = at_once, finished
        self._tasks: dict[K, asyncio.Task[None]] = {}
        self._next: dict[K, Coroutine[Any, Any, None]] = {}
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
        self._begin(key, work)
        return True

    def follow(self, key: K, work: Coroutine[Any, Any, None]) -> None:
        """Start on `work`, where its key is busy once that is free; one at most follows. For
        whoever has asked for no more than there is room."""
        if key in self._tasks:
            self._next[key] = work
        else:
            self._begin(key, work)

    def _begin(self, key: K, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"for {key}")
        self._tasks[key] = task
        task.add_done_callback(partial(self._ended, key))

    def _ended(self, key: K, task: asyncio.Task[None]) -> None:
        del self._tasks[key]
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failure = failure
        if (following := self._next.pop(key, None)) is not None:
            self._begin(key, following)
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
