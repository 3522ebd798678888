"""What is to come in the city, by its moment.

Guarantees: what comes at one moment comes in the order in which it was asked for.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Awaitable, Callable

Act = Callable[[], Awaitable[None]]


class Agenda:
    """Acts by their moments, in seconds since the first midnight."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Act]] = []
        self._numbers = itertools.count()

    @property
    def next(self) -> float | None:
        """When the next is due; None when nothing is to come."""
        return self._due[0][0] if self._due else None

    def at(self, moment: float, act: Act) -> None:
        """Let `act` come then."""
        heapq.heappush(self._due, (moment, next(self._numbers), act))

    def until(self, end: float) -> list[Act]:
        """All that is due before `end`, in its order; it is no longer to come."""
        due = []
        while self._due and self._due[0][0] < end:
            due.append(heapq.heappop(self._due)[2])
        return due
