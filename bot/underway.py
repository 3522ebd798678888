"""Work of a loop that goes on side by side: at most one task for each key, and so many at once.

Guarantees: whoever finishes says so; what a task dies of is not lost, but raised by the loop's next
turn, and so logged once and waited upon like any other failure of that loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Any, Generic, TypeVar

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
