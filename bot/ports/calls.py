"""What an edge counts of its calls, and how long things take: plain numbers, for the metrics.

Guarantees: what is counted is named by whoever writes the code, never by what a call carries.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence

OF_A_CALL = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds in seconds that suit a call over the network."""
OF_A_RING = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Bounds in seconds that suit what people wait for."""

UNANSWERED = "none"
"""In place of an HTTP status: there was no answer, or none that could be read."""


class Durations:
    """How many durations lay within each of `bounds` (seconds, rising), and their sum."""

    def __init__(self, bounds: Sequence[float] = OF_A_CALL) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """One more; a negative one (a clock was put right) counts as none at all."""
        seconds = max(seconds, 0.0)
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds

    @property
    def cumulative(self) -> list[tuple[float, int]]:
        """How many lay at or below each bound; the last bound is infinite."""
        total, found = 0, []
        for bound, count in zip((*self.bounds, float("inf")), self.counts, strict=True):
            total += count
            found.append((bound, total))
        return found


class Calls:
    """The calls to one counterparty: how many, by name and status; how long they took, by name."""

    def __init__(self) -> None:
        self.ended: Counter[tuple[str, str]] = Counter()
        self.durations: defaultdict[str, Durations] = defaultdict(Durations)

    def end(self, name: str, status: int | None, seconds: float) -> None:
        """A call has ended, with that HTTP status or without an answer."""
        self.ended[name, UNANSWERED if status is None else str(status)] += 1
        self.durations[name].add(seconds)
