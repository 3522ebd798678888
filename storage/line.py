"""The line of those who wait for the writer.

Guarantees: whoever is waited for goes first, and nobody stands aside for longer than
`STANDS_ASIDE`; among equals in the order in which they came.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")

STANDS_ASIDE = 0.1
"""Seconds that whoever is not urgent lets the urgent go ahead."""


class Line(Generic[T]):
    """See the module. `now` tells seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._line: list[tuple[float, int, bool, T]] = []
        self._numbers = itertools.count()
        self._came = asyncio.Event()

    def __len__(self) -> int:
        return len(self._line)

    @property
    def urgent(self) -> bool:
        """Whether the first of them is."""
        return bool(self._line) and self._line[0][2]

    def put(self, one: T, *, urgent: bool) -> None:
        """Stand in line."""
        due = self._now() + (0 if urgent else STANDS_ASIDE)
        heappush(self._line, (due, next(self._numbers), urgent, one))
        self._came.set()

    def first(self) -> T | None:
        """Whose turn it is, who stays in line."""
        return self._line[0][3] if self._line else None

    def take(self) -> T:
        """Whose turn it is. Raises IndexError where nobody waits."""
        return heappop(self._line)[3]

    def wake(self) -> None:
        """Let whoever waits for somebody look again."""
        self._came.set()

    async def somebody(self) -> None:
        """Wait until somebody stands in line, or `wake`."""
        self._came.clear()
        if not self._line:
            await self._came.wait()
