"""Counts of what has happened, and samples of free doors, as the core asks storage for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from bot.domain.figures import Collected, Doors, Seen, Week
from bot.domain.ids import TowerId


class Figures(Protocol):
    """Each count is found by an index, however much there is before and after its days; `towers`:
    at these alone, None: at any. The days of a tower are those of its zone."""

    async def first_booking(self) -> datetime | None:
        """When the first delivery of all was made."""
        ...

    async def booked_by_day(
        self, week: Week, towers: Collection[TowerId] | None
    ) -> Mapping[int, int]:
        """By the number of the day, how many parcels were booked; one that was booked anew counts
        once, when that was done last."""
        ...

    async def collected_by_day(
        self, week: Week, towers: Collection[TowerId] | None
    ) -> Mapping[int, Collected]:
        """By the number of the day, how many were collected by their recipients."""
        ...

    async def note_doors(self, hour: datetime, seen: Mapping[TowerId, Doors]) -> None:
        """How many doors of each tower were free in the hour that begins then; of a tower the first
        note counts."""
        ...

    async def towers_noted(self, hour: datetime) -> Collection[TowerId]:
        """The towers of which that is known."""
        ...

    async def doors_by_hour(self, week: Week, towers: Collection[TowerId] | None) -> list[Seen]:
        """What was noted in these days, the towers of a zone together."""
        ...
