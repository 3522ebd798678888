"""What Harbor's list of our lockers says, held against our own records.

Guarantees: pure, but for giving others a turn after each portion of a long list; nothing is
concluded here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, TowerId
from bot.domain.lifecycle import Event
from bot.domain.observations import FREES, Door, Odd, door, meaning, places
from bot.domain.tower import Locker, LockerStatus
from bot.workers.link_allocation import ANY_LOCKER

T = TypeVar("T")

_PORTION = 500


@dataclass(slots=True)
class Found:
    """What there is to do: `news` is what a listed locker means for its delivery, `missing` are
    deliveries whose lockers are not listed, `strange` is what is listed beyond all of them."""

    news: list[tuple[Delivery, LockerStatus, Event | Odd]] = field(default_factory=list)
    missing: list[Delivery] = field(default_factory=list)
    strange: dict[Door, Locker] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Without any of it both agree in all, and time alone changes nothing about that."""
        return bool(self.news or self.missing or self.strange)


async def compare(live: Mapping[DeliveryId, Delivery], listed: Iterable[Locker]) -> Found:
    """All of `live` with all that is `listed` as assigned to us."""
    assigned: dict[Door, Locker] = {}
    async for lockers in _portions(listed):
        assigned |= {(locker.tower, locker.id): locker for locker in lockers}
    found, known, awaited = Found(), set[Door](), set[TowerId]()
    async for deliveries in _portions(live.values()):
        for delivery in deliveries:
            if delivery.candidate is not None:
                known.update(places(delivery))
                if delivery.candidate == ANY_LOCKER:
                    awaited.add(delivery.tower)
            if delivery.locker is None:
                continue
            here = door(delivery)
            known.add(here)
            if delivery.state not in FREES:
                continue
            seen = assigned.get(here)
            if seen is None or not is_ours(seen):
                found.missing.append(delivery)
            elif (told := meaning(delivery.state, seen.status)) is not None:
                found.news.append((delivery, seen.status, told))
    for key in assigned.keys() - known:
        seen = assigned[key]
        theirs = seen.status is LockerStatus.RENTED and seen.tower in awaited
        if is_ours(seen) and not theirs:
            found.strange[key] = seen
    return found


async def _portions(many: Iterable[T]) -> AsyncIterator[Sequence[T]]:
    left = iter(many)
    while some := list(islice(left, _PORTION)):
        yield some
        await asyncio.sleep(0)


def is_ours(seen: Locker) -> bool:
    """Listed as assigned, and not as free in the same breath: that is no evidence of either."""
    return seen.status is not LockerStatus.AVAILABLE
