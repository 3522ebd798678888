"""Counts of what has happened, and samples of free doors, as the core asks storage for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from bot.domain.figures import Collected, Doors, Seen, Week, Zoned
from bot.domain.ids import TowerId


class Figures(Protocol):
    """Each count is read from an index alone, of its towers and days and nothing else, however much
    there is besides. The days of a tower are those of its zone, which the week must know."""

    async def first_booking(self) -> datetime | None:
        """When the first delivery of all was made."""
        ...

    async def booked_by_day(self, week: Week, towers: Zoned) -> Mapping[int, int]:
        """By the number of the day, where there were any, how many parcels were booked; one that
        was booked anew counts once, when that was done last."""
        ...

    async def collected_by_day(self, week: Week, towers: Zoned) -> Mapping[int, Collected]:
        """By the number of the day, how many were collected by their recipients."""
        ...

    async def note_doors(self, hour: datetime, seen: Mapping[TowerId, Doors]) -> None:
        """How many doors of each tower were free in the hour that begins then; of a tower the first
        note counts."""
        ...

    async def towers_noted(self, hour: datetime) -> Collection[TowerId]:
        """The towers of which that is known."""
        ...

    async def doors_by_hour(self, week: Week, towers: Zoned) -> list[Seen]:
        """What was noted in these days, the towers of a zone together, hour by hour."""
        ...
