"""The figures of the last days, of what an operator looks after."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from bot.domain.figures import Figures, figures, week
from bot.domain.ids import TowerId
from bot.domain.tower import Tower
from bot.ports.database import Transaction


async def of_last_days(tx: Transaction, towers: Iterable[Tower], *, now: datetime) -> Figures:
    """At these towers together."""
    by_zone = defaultdict[str, list[TowerId]](list)
    for tower in towers:
        by_zone[tower.told_zone].append(tower.id)
    days = week(by_zone, now)
    first, booked, collected, seen = await asyncio.gather(
        tx.first_booking(),
        tx.booked_by_day(days, by_zone),
        tx.collected_by_day(days, by_zone),
        tx.doors_by_hour(days, by_zone),
    )
    return figures(days, first, booked, collected, seen)
