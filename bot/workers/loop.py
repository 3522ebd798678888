"""How standing loops wait, and how work of a loop goes on side by side."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar

import structlog

from bot.ports.clock import Clock

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


K = TypeVar("K", bound=Hashable)


class Underway(Generic[K]):
    """See the module. `finished` is called after each task, when its key is free again."""

    def __init__(self, at_once: int, finished: Callable[[], None]) -> None:
        self._at_once, self._finished = at_once, finished
        self._tasks: dict[K, asyncio.Task[None]] = {}
        self._failure: BaseException | None = None

    def __len__(self) -> int:
        return len(self._tasks)

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
        self._finished()

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
