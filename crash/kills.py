"""Where the next kill is to come: at a point that few have hit yet, or at any instant.

Guarantees: pure but for `chance`; points are those that the bots have been seen to meet, so none is
forgotten when the bot changes.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from crash.points import HIT, MET

_ANYWHERE = 0.2
"""So many kills are not aimed."""
_AIMED_AT = 5
"""So many points at once, of those that were hit least; whichever is reached first."""
_PASSES = (1, 1, 1, 2, 3)


@dataclass
class Kills:
    """Tell it what the bots' diaries say (`read`); ask it for the next `aim`."""

    chance: random.Random
    hits: Counter[str] = field(default_factory=Counter)
    """By point, how many kills came there; 0 where one was only passed."""
    anywhere: int = 0
    """Kills at any instant: they were meant so, or no point was reached in time."""

    def read(self, diary: Iterable[tuple[str, float, str]]) -> list[float]:
        """Take in what was written; when points have killed."""
        killed = []
        for kind, at, point in diary:
            self.hits[point] += kind == HIT
            if kind == HIT:
                killed.append(at)
            assert kind in (HIT, MET), "the diary says nothing else"
        return killed

    def aim(self) -> tuple[list[str], int]:
        """At which points, and how many times they are to be passed; none: at any instant."""
        if not self.hits or self.chance.random() < _ANYWHERE:
            return [], 0
        points = sorted(self.hits)
        self.chance.shuffle(points)
        points.sort(key=self.hits.__getitem__)
        return points[:_AIMED_AT], self.chance.choice(_PASSES)

    def told(self) -> list[str]:
        """How many kills came where, a line each."""
        hit = sorted(point for point in self.hits if self.hits[point])
        never = sum(not hits for hits in self.hits.values())
        return [
            f"kills at named points: {self.hits.total()}, at any other instant: {self.anywhere}; "
            f"points met: {len(self.hits)}, of which never hit: {never}",
            *(f"{self.hits[point]:4} {point}" for point in hit),
        ]
