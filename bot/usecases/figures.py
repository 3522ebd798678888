"""The figures of the last days, of what an operator looks after."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from datetime import datetime

from bot.domain.figures import Figures, figures, week
from bot.domain.ids import TowerId
from bot.domain.tower import Tower
from bot.ports.database import Transaction


async def of_last_days(
    tx: Transaction,
    towers: Collection[TowerId] | None,
    known: Iterable[Tower],
    *,
    now: datetime,
) -> Figures:
    """At these towers, None: at any; `known` tells their zones."""
    there = [tower for tower in known if towers is None or tower.id in towers]
    days = week((tower.told_zone for tower in there), now)
    first, booked, collected, seen = await asyncio.gather(
        tx.first_booking(),
        tx.booked_by_day(days, towers),
        tx.collected_by_day(days, towers),
        tx.doors_by_hour(days, towers),
    )
    return figures(days, first, booked, collected, seen)
